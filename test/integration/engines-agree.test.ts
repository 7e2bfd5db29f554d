/** Whole models on TensorFlow as on ONNX Runtime: the gradients of one step in both precisions, and the losses of a run of 200 steps. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Engine, Tensors } from '../../src/engines/engine.ts';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { float32 } from '../../src/graph/tensor.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { initialise } from '../../src/lora/state.ts';
import type { Base } from '../../src/models/base.ts';
import { openBase } from '../../src/models/open-base.ts';
import { jobSchema } from '../../src/shared/job.ts';
import type { Job } from '../../src/shared/job.ts';
import { inputSize } from '../../src/shared/preprocessing.ts';
import { Random } from '../../src/shared/random.ts';
import { inPrecision } from '../../src/trainer/precision.ts';
import type { Precision } from '../../src/trainer/precision.ts';
import { IMAGES, LABELS, LOSS, LOSS_SCALE, trainingGraph, WEIGHTS } from '../../src/trainer/step.ts';
import { Training } from '../../src/trainer/training.ts';
import { tensorFlow } from '../engines.ts';

const ROOT = join(import.meta.dirname, '../..');
const MODELS = {
  'a ViT': join(ROOT, 'assets/sample-base'),
  'a ResNet of bottlenecks': join(ROOT, 'test/fixtures/models/resnet-bottleneck'),
  'a ResNet of basic blocks': join(ROOT, 'test/fixtures/models/resnet-basic'),
  'a ViT with SwiGLU': join(ROOT, 'test/fixtures/models/dinov2-swiglu'),
};
const BATCH = 6;
const STEPS = 200;
/** Of the loss in half precision: below what overflows in the gradients of noise, which a run would find by skipping steps. */
const SCALE = 64;
const TURN = { updates: true, learningRate: 1e-3, clip: 0 };

/**
 * Of the norm of each gradient. Sums of up to some ten thousand products round to 1e-7 · √10⁴ = 1e-5 of their terms' size, and what they cancel
 * out to is smaller than those. Halves have 11 bits: 5e-4 a rounding, of which a path through a model has some dozen,
 * and gradients are what is left of larger ones; ONNX Runtime's CPU computes parts of them in float32. Measured: from float32 the halves of the ViTs
 * are 0.002 to 0.012 away, those of the random ResNet of bottlenecks on noise 0.14 and 0.20; from each other 0.1. bf16 has 8 bits, eight times as coarse.
 */
const GRADIENT_TOLERANCE = { fp32: 1e-3, fp16: 0.15, bf16: 0.5 };
/** Adam divides by the gradient's size, so that what rounds to another sign moves a value its own way: the losses part slowly. */
const CURVE_TOLERANCE = 0.02;

describe.skipIf(tensorFlow === undefined)('TensorFlow', () => {
  describe.each(Object.keys(MODELS) as (keyof typeof MODELS)[])('on %s', (model) => {
    it.each(['fp32', 'fp16', 'bf16'] as const)('has the gradients of ONNX Runtime in %s', async (precision) => {
      const setup = await setUp(MODELS[model], precision);
      // Whose CPU does not compute in bf16.
      const reference = precision === 'bf16' ? { ...setup, precision: 'fp32' as const } : setup;
      const [expected, actual] = [await gradientsOn(onnxRuntimeCpu, reference), await gradientsOn(tensorFlow!, setup)];
      expect(Object.keys(actual)).toEqual(Object.keys(expected));
      for (const [name, { data }] of Object.entries(expected)) {
        const size = norm(data as Float32Array);
        expect(size, `${name} has a gradient`).toBeGreaterThan(0);
        const difference = (data as Float32Array).map((value, index) => value - (actual[name]!.data[index] as number));
        expect(norm(difference) / size, name).toBeLessThan(GRADIENT_TOLERANCE[precision]);
      }
    });
  });

  it(`has the losses of ONNX Runtime over ${STEPS} steps`, async () => {
    const setup = await setUp(MODELS['a ViT'], 'fp32');
    const [expected, actual] = [await lossesOn(onnxRuntimeCpu, setup), await lossesOn(tensorFlow!, setup)];
    expect(expected.at(-1)!).toBeLessThan(expected[0]! / 3);
    expected.forEach((loss, step) => {
      expect(Math.abs(actual[step]! - loss), `step ${step}: ${loss}`).toBeLessThan(CURVE_TOLERANCE * Math.max(1, loss));
    });
  });
});

interface Setup {
  readonly base: Base;
  readonly job: Job;
  readonly precision: Precision;
  readonly feeds: Tensors;
}

/** Images of noise with labels of their own: what a model of any kind can learn by heart. */
async function setUp(path: string, precision: Precision): Promise<Setup> {
  const base = await openBase(path);
  const job = jobSchema.parse({ data: '.', base: path, lora: { rank: 4, alpha: 8 } });
  const { height, width } = inputSize(base.preprocessing);
  const random = new Random(5);
  const images = Uint8Array.from({ length: BATCH * height * width * 3 }, () => random.int(256));
  const labels = Int32Array.from({ length: BATCH }, (_, index) => index % base.labels!.length);
  const weights = new Float32Array(BATCH).fill(1 / BATCH);
  const feeds: Tensors = {
    [IMAGES]: { dtype: 'uint8', shape: [BATCH, height, width, 3], data: images },
    [LABELS]: { dtype: 'int32', shape: [BATCH], data: labels },
    [WEIGHTS]: { dtype: 'float32', shape: [BATCH], data: weights },
  };
  return { base, job, precision, feeds };
}

function startTraining({ base, job, precision }: Setup) {
  const initial = initialise(base, job, base.labels!);
  const options = { preprocessing: base.preprocessing, batch: BATCH, labelSmoothing: 0, scaled: precision === 'fp16' };
  const graph = inPrecision(trainingGraph(initial.adapted.graph, options), precision);
  const training = Training.start({ job, initial, precision });
  return { graph, training };
}

/** Of adapters that are no longer zero, since the gradient of A is where B is. */
async function gradientsOn(engine: Engine, setup: Setup): Promise<Tensors> {
  const { graph, training } = startTraining(setup);
  const random = new Random(3);
  for (const { data } of Object.values(training.values)) {
    for (let index = 0; index < data.length; index++) data[index]! += 0.02 * random.normal();
  }
  const program = await engine.compile(graph);
  const scale = setup.precision === 'fp16' ? { [LOSS_SCALE]: float32([], [SCALE]) } : {};
  await program.run({ ...setup.feeds, ...training.feeds(TURN), ...scale }, training.results);
  await program.release();
  return training.results;
}

async function lossesOn(engine: Engine, setup: Setup): Promise<number[]> {
  const { graph, training } = startTraining(setup);
  const program = await engine.compile(graph);
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const results = await program.run({ ...setup.feeds, ...training.feeds(TURN) }, training.results);
    losses.push((results[LOSS] as Tensor<'float32'>).data[0]!);
    training.accumulate();
    training.update(TURN.learningRate, 1);
  }
  await program.release();
  return losses;
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
