/** The step of a small detector, its loss inside, on an engine beside the CPU: one step's gradients, and losses of some steps. */
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import type { Engine, Tensors } from '../../src/engines/engine.ts';
import { nameOf } from '../../src/graph/ir.ts';
import { float32 } from '../../src/graph/tensor.ts';
import { initialise } from '../../src/lora/state.ts';
import { anchorsOf } from '../../src/models/anchors.ts';
import { openYolo } from '../../src/models/yolo/open.ts';
import { jobSchema } from '../../src/shared/job.ts';
import { Random } from '../../src/shared/random.ts';
import { compileStep } from '../../src/trainer/compile-step.ts';
import { denseTargets } from '../../src/trainer/detection/dense-targets.ts';
import { TARGETS, wholeStepGraph } from '../../src/trainer/detection/whole-step.ts';
import type { Precision } from '../../src/trainer/precision.ts';
import { gradientOf, IMAGES, LOSS, LOSS_SCALE, WEIGHTS } from '../../src/trainer/step.ts';
import { curvesOf } from './curves.ts';
import type { Curves, Subject } from './curves.ts';

const BATCH = 4;
const SIDE = 96;
const BOXES = 3;
const TURN = { updates: true, learningRate: 3e-4, clip: 10 };
const STEPS = 20;
/** Low enough for gradients that are some tens. */
const SCALE = 2 ** 6;

export interface OneStep {
  /** Of the loss, in parts of the CPU's. */
  readonly loss: number;
  /** Of all gradients together, in parts of their norm. */
  readonly gradients: number;
}

/** How far one step on the engine is from the same on the CPU in single precision; `file` is a YOLO checkpoint. */
export async function detectorStep(file: string, engine: Engine, precision: Precision): Promise<OneStep> {
  const { feeds, model, detection, options, values } = await prepared(file);
  const run = async (on: Engine, as: Precision): Promise<Tensors> => {
    const graph = wholeStepGraph(model, detection, { ...options, precision: as });
    const program = await on.compile(graph);
    const fed: Tensors = { ...feeds, ...Object.fromEntries(values), [LOSS_SCALE]: float32([], [SCALE]) };
    const inputs = graph.inputs.map((input) => [nameOf(input)!, fed[nameOf(input)!]!] as const);
    const results = await program.run(Object.fromEntries(inputs));
    await program.release();
    return results;
  };
  const [own, cpu] = [await run(engine, precision), await run(onnxRuntimeCpu, 'fp32')];
  const scale = precision === 'fp16' ? SCALE : 1;
  let [apart, norm] = [0, 0];
  for (const name of [...values.keys()].map(gradientOf)) {
    const [mine, theirs] = [own, cpu].map((results) => results[name]!.data as Float32Array);
    for (const [index, wanted] of theirs!.entries()) {
      apart += (mine![index]! / scale - wanted) ** 2;
      norm += wanted ** 2;
    }
  }
  const lossOf = (results: Tensors): number => results[LOSS]!.data[0] as number;
  return { loss: Math.abs(lossOf(own) / lossOf(cpu) - 1), gradients: Math.sqrt(apart / norm) };
}

export async function detectorCurves(file: string, engine: Engine, precision: Precision): Promise<Curves> {
  return await curvesOf(await subjectOf(file), engine, precision);
}

async function subjectOf(file: string): Promise<Subject> {
  const { feeds, job, detection, options, start } = await prepared(file);
  return {
    feeds,
    turn: TURN,
    steps: STEPS,
    compile: async (on, as) => {
      const initial = start();
      const graph = wholeStepGraph(initial.adapted.graph, detection, { ...options, precision: as });
      const program = await compileStep(graph, { engine: on, job, initial });
      return { program, session: { job, initial, precision: as } };
    },
  };
}

async function prepared(file: string) {
  const opened = await openYolo(file);
  const size = { height: SIDE, width: SIDE };
  const preprocessing = { ...opened.preprocessing, resize: { mode: 'exact', ...size } } as const;
  const detection = opened.detection!;
  const base = { ...opened, preprocessing, graph: detection.atSize(size) };
  const job = jobSchema.parse({ data: '.', base: file, lora: { rank: 4 }, training: { batch: BATCH } });
  const start = () => initialise(base, job, opened.labels!);
  const { adapted, values } = start();
  const random = new Random(3);
  // Adapters that are zero would have no gradient in half of their matrices.
  for (const [name, { data }] of values)
    if (name.endsWith('lora_B.weight')) data.forEach((_, index) => (data[index] = 0.02 * random.normal()));
  const targets = {
    counts: new Int32Array(BATCH).fill(BOXES),
    rows: Float32Array.from(Array.from({ length: BATCH * BOXES }, () => boxOf(random, opened.labels!.length)).flat()),
    weights: new Float32Array(BATCH).fill(1),
  };
  const feeds: Tensors = {
    [IMAGES]: {
      dtype: 'uint8',
      shape: [BATCH, SIDE, SIDE, 3],
      data: Uint8Array.from({ length: BATCH * SIDE * SIDE * 3 }, () => random.int(256)),
    },
    [TARGETS]: denseTargets(targets, anchorsOf(size, detection.strides)),
    [WEIGHTS]: float32([BATCH], targets.weights),
  };
  return { feeds, job, start, model: adapted.graph, values, detection, options: { preprocessing, batch: BATCH } };
}

/** A class and corners inside the picture. */
function boxOf(random: Random, classes: number): number[] {
  const [left, top] = [random.uniform() * SIDE * 0.5, random.uniform() * SIDE * 0.5];
  const [width, height] = [SIDE * (0.2 + 0.3 * random.uniform()), SIDE * (0.2 + 0.3 * random.uniform())];
  return [random.int(classes), left, top, left + width, top + height];
}
