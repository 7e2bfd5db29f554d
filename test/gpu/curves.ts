/** Loss curves of a small ViT on an engine, and of runs that change the engine in their middle, as a resumed run may. */
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import type { Engine, Program, Tensors } from '../../src/engines/engine.ts';
import type { Graph } from '../../src/graph/ir.ts';
import { float32 } from '../../src/graph/tensor.ts';
import { initialise } from '../../src/lora/state.ts';
import { openBase } from '../../src/models/open-base.ts';
import { jobSchema } from '../../src/shared/job.ts';
import { inputSize } from '../../src/shared/preprocessing.ts';
import { Random } from '../../src/shared/random.ts';
import { inPrecision } from '../../src/trainer/precision.ts';
import type { Precision } from '../../src/trainer/precision.ts';
import { compileStep } from '../../src/trainer/compile-step.ts';
import type { Turn } from '../../src/trainer/step-optimizer.ts';
import { IMAGES, LABELS, LOSS, trainingGraph, WEIGHTS } from '../../src/trainer/step.ts';
import { Training } from '../../src/trainer/training.ts';

const BATCH = 8;
const STEPS = 40;
const CLASSES = ['cat', 'dog'];
const TURN = { updates: true, learningRate: 3e-3, clip: 0 };

export interface Curves {
  readonly cpu: readonly number[];
  readonly own: readonly number[];
  /** The first half on the CPU, the second on the engine. */
  readonly resumed: readonly number[];
}

/** The step that the curves are made of, with one batch and the first values: what to run a graph with. */
export async function stepOf(model: string, precision: Precision): Promise<{ graph: Graph; feeds: Tensors }> {
  const base = await openBase(model);
  const job = jobSchema.parse({ data: '.', base: model, lora: { rank: 4 } });
  const initial = initialise(base, job, CLASSES);
  const { preprocessing } = base;
  const options = { preprocessing, batch: BATCH, labelSmoothing: 0, scaled: precision === 'fp16' };
  const { height, width } = inputSize(preprocessing);
  const training = Training.start({ job, initial, precision });
  return {
    graph: inPrecision(trainingGraph(initial.adapted.graph, options), precision),
    feeds: { ...batchOf(height, width), ...training.feeds(TURN) },
  };
}

/** Losses of each step on one repeated batch; `model` is a folder. */
export async function lossCurves(model: string, engine: Engine, precision: Precision): Promise<Curves> {
  const base = await openBase(model);
  const job = jobSchema.parse({ data: '.', base: model, lora: { rank: 4 } });
  const { preprocessing } = base;
  const { height, width } = inputSize(preprocessing);
  return await curvesOf(
    {
      feeds: batchOf(height, width),
      turn: TURN,
      steps: STEPS,
      compile: async (on, as) => {
        const initial = initialise(base, job, CLASSES);
        const options = { preprocessing, batch: BATCH, labelSmoothing: 0, scaled: as === 'fp16', gpu: on.gpu };
        const graph = inPrecision(trainingGraph(initial.adapted.graph, options), as);
        const program = await compileStep(graph, { engine: on, job, initial });
        return { program, session: { job, initial, precision: as } };
      },
    },
    engine,
    precision,
  );
}

/** A training on one repeated batch, from the same first values wherever it runs. */
export interface Subject {
  readonly feeds: Tensors;
  readonly turn: Turn;
  readonly steps: number;
  compile(on: Engine, as: Precision): Promise<Stage>;
}

export interface Stage {
  readonly program: Program;
  readonly session: Parameters<typeof Training.start>[0];
}

export async function curvesOf(subject: Subject, engine: Engine, precision: Precision): Promise<Curves> {
  const cpu = await subject.compile(onnxRuntimeCpu, 'fp32');
  const own = await subject.compile(engine, precision);
  const halfOfThem = subject.steps / 2;
  const half = await steps(cpu, Training.start(cpu.session, cpu.program.state), subject, halfOfThem);
  // A checkpoint shares its arrays with the training it was taken of: the rest of the CPU's run starts from a copy.
  const checkpoint = structuredClone(half.training.checkpoint());
  const rest = await steps(cpu, half.training, subject, halfOfThem);
  const resumed = await steps(own, Training.from(own.session, checkpoint, own.program.state), subject, halfOfThem);
  const alone = await steps(own, Training.start(own.session, own.program.state), subject, subject.steps);
  await Promise.all([cpu.program.release(), own.program.release()]);
  return {
    cpu: [...half.losses, ...rest.losses],
    own: alone.losses,
    resumed: [...half.losses, ...resumed.losses],
  };
}

async function steps({ program }: Stage, training: Training, { feeds, turn }: Subject, count: number) {
  const losses: number[] = [];
  await training.begin();
  while (losses.length < count) {
    const { [LOSS]: loss } = await program.run({ ...feeds, ...training.feeds(turn) }, training.results);
    training.accumulate();
    if (Number.isFinite(training.gradientNorm())) {
      losses.push((loss!.data as Float32Array)[0]!);
      training.update(turn.learningRate, 1);
    } else {
      training.skip({ epoch: 0, batch: 0 });
    }
  }
  return { training, losses };
}

function batchOf(height: number, width: number): Tensors {
  const random = new Random(1);
  const data = Uint8Array.from({ length: BATCH * height * width * 3 }, () => random.int(256));
  return {
    [IMAGES]: { dtype: 'uint8', shape: [BATCH, height, width, 3], data },
    [LABELS]: { dtype: 'int32', shape: [BATCH], data: Int32Array.from({ length: BATCH }, (_, row) => row % 2) },
    [WEIGHTS]: float32([BATCH], new Float32Array(BATCH).fill(1 / BATCH)),
  };
}
