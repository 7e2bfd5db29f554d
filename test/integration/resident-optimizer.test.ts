/** The optimizer inside the step, and the step's form for a GPU, beside the host's: the same values after the same batches. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine, Tensors } from '../../src/engines/engine.ts';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { float32 } from '../../src/graph/tensor.ts';
import { initialise } from '../../src/lora/state.ts';
import { openBase } from '../../src/models/open-base.ts';
import { jobSchema } from '../../src/shared/job.ts';
import { inputSize } from '../../src/shared/preprocessing.ts';
import { Random } from '../../src/shared/random.ts';
import { compileStep } from '../../src/trainer/compile-step.ts';
import { clipFactor } from '../../src/trainer/gradients.ts';
import { inPrecision } from '../../src/trainer/precision.ts';
import type { Precision } from '../../src/trainer/precision.ts';
import { IMAGES, LABELS, trainingGraph, WEIGHTS } from '../../src/trainer/step.ts';
import { Training } from '../../src/trainer/training.ts';
import { tensorFlow } from '../engines.ts';
import { writeTinyVit } from '../tiny-vit.ts';

const BATCH = 4;
const CLASSES = ['a', 'b', 'c'];
const RATES = [1e-3, 3e-3, 2e-3];

/** As on a GPU: what is kept is fed and handed out at each run. */
const keeping: Engine = { ...onnxRuntimeCpu, keepsState: true };
const engines = tensorFlow === undefined ? [keeping] : [keeping, tensorFlow];

let folder: string;
let model: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lowrank-resident-'));
  model = await writeTinyVit(join(folder, 'vit'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Case {
  readonly job: object;
  readonly precision?: Precision;
  /** Of the first step. */
  readonly lossScale?: number;
}

/** Runs batches as the trainer does; from the checkpoint of another where one is given. */
async function train(
  engine: Engine,
  { job: given, precision = 'fp32', lossScale }: Case,
  batches: number,
  from?: Training,
) {
  const base = await openBase(model);
  const job = jobSchema.parse({ data: '.', base: model, ...given });
  const initial = initialise(base, job, CLASSES);
  const options = {
    preprocessing: base.preprocessing,
    batch: BATCH,
    labelSmoothing: 0,
    scaled: precision === 'fp16',
    gpu: engine !== onnxRuntimeCpu,
  };
  const graph = inPrecision(trainingGraph(initial.adapted.graph, options), precision);
  const program = await compileStep(graph, { engine, job, initial });
  const session = { job, initial, precision };
  const training =
    from === undefined
      ? Training.start(session, program.state)
      : Training.from(session, structuredClone(from.checkpoint()), program.state);
  await training.begin();
  if (lossScale !== undefined)
    training.progress = { ...training.progress, lossScale: { scale: lossScale, good: 0, skipped: 0 } };
  const { accumulate, clip } = job.training;
  const norms: number[] = [];
  for (let index = 0; index < batches; index++) {
    const updates = index % accumulate === accumulate - 1;
    const learningRate = RATES[training.progress.step % RATES.length]!;
    const feeds = {
      ...batchOf(inputSize(base.preprocessing), index),
      ...training.feeds({ updates, learningRate, clip }),
    };
    await program.run(feeds, training.results);
    training.accumulate();
    if (!updates) continue;
    const norm = training.gradientNorm();
    norms.push(norm);
    if (Number.isFinite(norm)) training.update(learningRate, clipFactor(norm, clip));
    else training.skip({ epoch: 0, batch: index });
  }
  await training.fetch();
  await program.release();
  return { training, norms };
}

function batchOf({ height, width }: { height: number; width: number }, index: number): Tensors {
  const random = new Random(index);
  const data = Uint8Array.from({ length: BATCH * height * width * 3 }, () => random.int(256));
  return {
    [IMAGES]: { dtype: 'uint8', shape: [BATCH, height, width, 3], data },
    [LABELS]: {
      dtype: 'int32',
      shape: [BATCH],
      data: Int32Array.from({ length: BATCH }, (_, row) => (row + index) % 3),
    },
    [WEIGHTS]: float32([BATCH], new Float32Array(BATCH).fill(1 / BATCH)),
  };
}

/**
 * Of each value, in updates: Adam moves by about the learning rate at each, by its sign where a gradient is no larger than the rounding between
 * engines (1e-6 of its tensor's norm), so single values may differ by an update or two; on average they are equal to 1e-3 of one.
 */
function expectSame(actual: Training, expected: Training): void {
  const rate = Math.max(...RATES);
  for (const [name, { data }] of Object.entries(expected.values)) {
    const off = Array.from(data, (value, index) => Math.abs(actual.values[name]!.data[index]! - value) / rate);
    expect(Math.max(...off), name).toBeLessThan(2);
    expect(off.reduce((sum, each) => sum + each, 0) / off.length, name).toBeLessThan(2e-3);
  }
}

describe.each(engines)('a step on $name that updates what it trains', (engine) => {
  it.each<[string, Case]>([
    ['plain', { job: {} }],
    ['weight decay', { job: { training: { weightDecay: 0.3 } } }],
    ['clipping', { job: { training: { clip: 0.05 } } }],
    ['no clipping', { job: { training: { clip: 0 } } }],
    ['LoRA+', { job: { lora: { plusRatio: 8 }, training: { weightDecay: 0.1 } } }],
    ['accumulation', { job: { training: { accumulate: 3 } } }],
    ['all of the model', { job: { method: 'full' } }],
  ])('is the host‘s update: %s', async (_, setup) => {
    const host = await train(onnxRuntimeCpu, setup, 9);
    const own = await train(engine, setup, 9);
    for (const [index, norm] of own.norms.entries()) expect(norm / host.norms[index]!).toBeCloseTo(1, 3);
    expect(own.training.progress).toEqual(host.training.progress);
    expectSame(own.training, host.training);
  });

  it('leaves out updates whose gradients overflow, and loses nothing by them', async () => {
    const setup: Case = { job: { training: { accumulate: 2 } }, precision: 'fp16', lossScale: 2 ** 33 };
    const { training, norms } = await train(engine, setup, 60);
    const { lossScale, step } = training.progress;
    expect(lossScale!.skipped).toBeGreaterThan(1);
    expect(step).toBe(30 - lossScale!.skipped);
    expect(norms.filter((norm) => !Number.isFinite(norm))).toHaveLength(lossScale!.skipped);
    const numbers = Object.values(training.values).flatMap(({ data }) => [...data]);
    expect(numbers.every(Number.isFinite)).toBe(true);
  });

  it('goes on from a checkpoint of the host, and the host from its', async () => {
    const setup: Case = { job: { training: { weightDecay: 0.1 } } };
    const host = await train(onnxRuntimeCpu, setup, 4);
    const own = await train(engine, setup, 4);
    const straight = await train(onnxRuntimeCpu, setup, 4, host.training);
    expectSame((await train(engine, setup, 4, host.training)).training, straight.training);
    expectSame((await train(onnxRuntimeCpu, setup, 4, own.training)).training, straight.training);
  });
});
