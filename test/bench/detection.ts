/** The step of a detector: in two halves, recomputing its forward pass, and beside the plain forward pass; processor time, on one thread. */
import { existsSync } from 'node:fs';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import type { Tensors } from '../../src/engines/engine.ts';
import { isTrainable, nameOf } from '../../src/graph/ir.ts';
import type { Graph } from '../../src/graph/ir.ts';
import { bind } from '../../src/graph/shape.ts';
import { sizeOf, zeros } from '../../src/graph/tensor.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { initialise } from '../../src/lora/state.ts';
import { BATCH } from '../../src/models/base.ts';
import { openYolo } from '../../src/models/yolo/open.ts';
import { jobSchema } from '../../src/shared/job.ts';
import { Random } from '../../src/shared/random.ts';
import { headOutputs, rawOutputsGraph, trainingGraphs } from '../../src/trainer/detection/step.ts';
import { stepGraph } from '../../src/trainer/roots.ts';

const TURNS = 5;
/** A piece of a batch. */
const IMAGES = 1;

export async function compareDetectorSteps(file: string, say: (line: string) => void): Promise<void> {
  if (!existsSync(file)) {
    say(`detection: ${file} is missing (test/parity/make_yolo.py)`);
    return;
  }
  const base = await openYolo(file);
  const job = jobSchema.parse({ data: '.', base: file, lora: { rank: 8, alpha: 16 }, training: { batch: IMAGES } });
  const { adapted, values } = initialise(base, job, base.labels!);
  const { preprocessing } = base;
  const names = headOutputs(base.detection!);
  const options = { preprocessing, batch: IMAGES };
  const halves = trainingGraphs(adapted.graph, base.detection!, options);
  const random = new Random(1);
  const graphs = {
    plain: rawOutputsGraph(base.graph, names, options),
    forward: rawOutputsGraph(adapted.graph, names, options),
    'forward half': halves.forward,
    'backward half': halves.backward,
    whole: stepGraph({ job, base, preprocessing }, adapted.graph),
  };
  // What one half writes the other reads.
  const kept = halves.saved.map(
    ({ name, shape, dtype }) => [name, zeros(dtype, bind(shape, { [BATCH]: IMAGES }))] as const,
  );
  const feeds = new Map<string, Tensor>([...values, ...kept]);
  const fed = (graph: Graph): Tensors =>
    Object.fromEntries(
      graph.inputs.map((input) => {
        const name = nameOf(input)!;
        const known = feeds.get(name) ?? zeros(input.dtype, bind(input.shape, { [BATCH]: IMAGES }));
        if (!feeds.has(name) && !isTrainable(input))
          known.data.forEach(
            (_: unknown, i: number) =>
              (known.data[i] = input.dtype === 'uint8' ? random.int(256) : 1e-3 * random.normal()),
          );
        feeds.set(name, known);
        return [name, known];
      }),
    );
  const times = new Map<string, number>();
  const steps = await Promise.all(
    Object.entries(graphs).map(async ([name, graph]) => ({
      name,
      program: await onnxRuntimeCpu.compile(graph, { threads: 1, intoOnly: true }),
      feeds: fed(graph),
      into: Object.fromEntries(
        [...graph.outputs].map(([key, { shape, dtype }]) => [
          key,
          feeds.get(key) ?? zeros(dtype, bind(shape, { [BATCH]: IMAGES })),
        ]),
      ),
    })),
  );
  for (let turn = 0; turn < TURNS; turn++) {
    for (const { name, program, feeds: given, into } of steps) {
      const before = process.cpuUsage();
      await program.run(given, into);
      const { user, system } = process.cpuUsage(before);
      if (turn > 0) times.set(name, Math.min(times.get(name) ?? Infinity, (user + system) / 1000));
    }
  }
  const plain = times.get('plain')!;
  for (const [name, time] of times)
    say(`detection: ${name} ${time.toFixed(0)} ms, ${(time / plain).toFixed(2)} plain forward passes`);
  const saved = halves.saved.reduce((sum, { shape }) => sum + 4 * sizeOf(bind(shape, { [BATCH]: 1 })), 0);
  say(`detection: ${halves.saved.length} values saved, ${(saved / 1e6).toFixed(0)} MB an image`);
}
