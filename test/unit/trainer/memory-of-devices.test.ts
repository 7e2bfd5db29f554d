import { describe, expect, it } from 'vitest';
import { reduceSum, mul } from '../../../src/graph/build.ts';
import type { Graph } from '../../../src/graph/ir.ts';
import { createGraph } from '../../../src/graph/registry.ts';
import { symbol } from '../../../src/graph/shape.ts';
import { BATCH } from '../../../src/models/base.ts';
import { jobSchema } from '../../../src/shared/job.ts';
import { checkDeviceMemory, deviceBytes } from '../../../src/trainer/device-memory.ts';
import { isOutOfMemory, withSmallerBatches } from '../../../src/trainer/out-of-memory.ts';

const GIB = 2 ** 30;

/** Keeps two activations of 16 MiB an image at once. */
function wide(): Graph {
  const graph = createGraph();
  const x = graph.input('x', [symbol(BATCH), 4, 2 ** 20]);
  const y = mul(x, 2);
  graph.output('y', reduceSum(mul(y, mul(y, 3)), { axes: [0, 1, 2] }));
  return graph;
}

const jobOf = (training: object) => jobSchema.parse({ data: '.', base: 'sample', training });

describe('checkDeviceMemory', () => {
  it('lets pass what fits, and what has no device of known memory', () => {
    checkDeviceMemory(wide(), 16, { name: 'card', memory: 8 * GIB });
    checkDeviceMemory(wide(), 2 ** 16, { name: 'CPU', memory: null });
  });

  it('names the halved batch that fits, and the accumulation that keeps the updates', () => {
    const memory = deviceBytes(wide(), 16);
    const refuse = (): void => {
      checkDeviceMemory(wide(), 64, { name: 'card', memory });
    };
    expect(refuse).toThrow(/a batch of 64 needs .* of card; 16 fits, with training\.accumulate 4/);
  });

  it('says when not even one image fits', () => {
    const refuse = (): void => {
      checkDeviceMemory(wide(), 2, { name: 'card', memory: GIB / 2 });
    };
    expect(refuse).toThrow(/even one image/);
  });
});

describe('isOutOfMemory', () => {
  it.each([
    'Failed to allocate memory for requested buffer of size 4831838208',
    'CUDA failure 2: out of memory ; GPU=0',
    'CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED',
    'OOM when allocating tensor with shape[64,12,197,197] and type float',
    'RESOURCE_EXHAUSTED: Out of memory while trying to allocate',
    'VK_ERROR_OUT_OF_DEVICE_MEMORY',
  ])('knows "%s"', (message) => {
    expect(isOutOfMemory(new Error(message))).toBe(true);
  });

  it('takes no other failure for it', () => {
    expect(isOutOfMemory(new Error('Non-zero status code returned while running MatMul node'))).toBe(false);
  });
});

describe('withSmallerBatches', () => {
  it('keeps the images of an update', () => {
    const { job, parts } = withSmallerBatches(jobOf({ batch: 64, accumulate: 2 }));
    expect(parts).toBe(2);
    expect(job.training).toMatchObject({ batch: 32, accumulate: 4 });
  });

  it('divides an odd batch by what divides it', () => {
    const { job, parts } = withSmallerBatches(jobOf({ batch: 15 }));
    expect(parts).toBe(3);
    expect(job.training).toMatchObject({ batch: 5, accumulate: 3 });
  });

  it('refuses to divide one image', () => {
    expect(() => withSmallerBatches(jobOf({ batch: 1 }))).toThrow(/too little memory for even one image/);
  });
});
