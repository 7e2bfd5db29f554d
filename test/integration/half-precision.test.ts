/** A training step in half precision beside the same step in float32, both on the CPU, which computes halves slowly but as any engine does. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Tensors } from '../../src/engines/engine.ts';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { float32 } from '../../src/graph/tensor.ts';
import { initialise } from '../../src/lora/state.ts';
import type { Initialised } from '../../src/lora/state.ts';
import type { Base } from '../../src/models/base.ts';
import { openBase } from '../../src/models/open-base.ts';
import { jobSchema } from '../../src/shared/job.ts';
import { inputSize } from '../../src/shared/preprocessing.ts';
import { Random } from '../../src/shared/random.ts';
import { inPrecision } from '../../src/trainer/precision.ts';
import type { Precision } from '../../src/trainer/precision.ts';
import { IMAGES, LABELS, LOSS, LOSS_SCALE, trainingGraph, WEIGHTS } from '../../src/trainer/step.ts';

const BASE = 'assets/sample-base';
const CLASSES = ['a', 'b', 'c'];
const BATCH = 4;
const SCALE = 2 ** 12;

let base: Base;
let initial: Initialised;
beforeAll(async () => {
  base = await openBase(BASE);
  initial = initialise(base, jobSchema.parse({ data: '.', base: BASE, lora: { rank: 4, init: 'gaussian' } }), CLASSES);
});

describe('a step of the sample base in half precision', () => {
  it('has the loss and the gradients of float32, once divided by the scale', async () => {
    const exact = await step('fp32', 1);
    const half = await step('fp16', SCALE);
    // Halves have 11 bits: each rounding is off by 2⁻¹² at most, and 4 blocks of some ten roundings each, of random signs, add up to
    // √40 · 2⁻¹² ≈ 2e-3 of the size of what they round.
    expect(Math.abs(half.loss - exact.loss)).toBeLessThan(2e-3 * exact.loss);
    for (const [name, gradient] of exact.gradients) {
      const off = norm(half.gradients.get(name)!.map((value, index) => value / SCALE - gradient[index]!));
      // B starts at zero, so the gradients of A are zero in both.
      expect(off, name).toBeLessThanOrEqual(1e-2 * norm(gradient));
    }
  });

  it('overflows to infinity, not to a wrong number, where the scale is too large', async () => {
    const { gradients, loss } = await step('fp16', 2 ** 30);
    expect(Number.isFinite(loss)).toBe(true);
    const values = [...gradients.values()].flatMap((gradient) => [...gradient]);
    expect(values.some((value) => !Number.isFinite(value))).toBe(true);
  });
});

async function step(precision: Precision, scale: number) {
  const { preprocessing } = base;
  const options = { preprocessing, batch: BATCH, labelSmoothing: 0, scaled: true };
  const program = await onnxRuntimeCpu.compile(inPrecision(trainingGraph(initial.adapted.graph, options), precision));
  const results = await program.run({
    ...batchOf(base),
    ...Object.fromEntries(initial.values),
    [LOSS_SCALE]: float32([], [scale]),
  });
  await program.release();
  const gradients = Object.entries(results).filter(([name]) => name.startsWith('gradient '));
  return {
    loss: (results[LOSS]!.data as Float32Array)[0]!,
    gradients: new Map(gradients.map(([name, { data }]) => [name, data as Float32Array])),
  };
}

function batchOf({ preprocessing }: Base): Tensors {
  const { height, width } = inputSize(preprocessing);
  const random = new Random(1);
  const pixels = Uint8Array.from({ length: BATCH * height * width * 3 }, () => random.int(256));
  return {
    [IMAGES]: { dtype: 'uint8', shape: [BATCH, height, width, 3], data: pixels },
    [LABELS]: { dtype: 'int32', shape: [BATCH], data: Int32Array.of(0, 1, 2, 0) },
    [WEIGHTS]: float32([BATCH], new Float32Array(BATCH).fill(1 / BATCH)),
  };
}

function norm(values: ArrayLike<number>): number {
  return Math.hypot(...Array.from(values));
}
