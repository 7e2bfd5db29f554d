import { describe, expect, it } from 'vitest';
import { trainableGradients } from '../../../src/graph/autodiff.ts';
import { add, gelu, linear, mul, reduceSum } from '../../../src/graph/build.ts';
import { nameOf } from '../../../src/graph/ir.ts';
import type { Graph } from '../../../src/graph/ir.ts';
import { createGraph } from '../../../src/graph/registry.ts';
import { symbol } from '../../../src/graph/shape.ts';
import { zeros } from '../../../src/graph/tensor.ts';
import { BATCH, LOGITS } from '../../../src/models/base.ts';
import { jobSchema } from '../../../src/shared/job.ts';
import { deviceBytes, fitDevice, fitHost, fitPieces } from '../../../src/trainer/device-memory.ts';
import { isOutOfMemory, withSmallerBatches } from '../../../src/trainer/out-of-memory.ts';
import { recomputableStep, withRecomputation } from '../../../src/trainer/recompute.ts';
import { gradientOf, IMAGES, LOSS } from '../../../src/trainer/step.ts';

const GIB = 2 ** 30;

/** Keeps two activations of 16 MiB an image at once. */
function wide(): Graph {
  const graph = createGraph();
  const x = graph.input('x', [symbol(BATCH), 4, 2 ** 20]);
  const y = mul(x, 2);
  graph.output('y', reduceSum(mul(y, mul(y, 3)), { axes: [0, 1, 2] }));
  return graph;
}

/** Layers between residual sums, each with an adapter: a training step that can be computed again in parts. */
function deep(): Graph {
  const [width, wider, layers] = [64, 1024, 8];
  const graph = createGraph();
  const pixels = graph.input(IMAGES, [symbol(BATCH), 16, width]);
  let x = linear(pixels, graph.constant(zeros('float32', [width, width])), undefined);
  for (let layer = 0; layer < layers; layer++) {
    const weight = graph.input(`up ${layer}`, [wider, width], 'float32', { trainable: true });
    x = add(x, linear(gelu(linear(x, weight, undefined)), graph.constant(zeros('float32', [width, wider])), undefined));
  }
  const loss = reduceSum(mul(x, x), { axes: [0, 1, 2] });
  for (const { parameter, gradient } of trainableGradients(loss))
    graph.output(gradientOf(nameOf(parameter)!), gradient);
  graph.output(LOSS, loss);
  graph.output(LOGITS, x);
  return graph;
}

const jobOf = (training: object) => jobSchema.parse({ data: '.', base: 'sample', training });

const never = { batch: 64, recompute: 'never' } as const;
const auto = { batch: 64, recompute: 'auto' } as const;

describe('fitDevice', () => {
  const refusal = (make: () => Graph, wanted: Parameters<typeof fitDevice>[1], memory: number) => (): unknown =>
    fitDevice({ make }, wanted, { name: 'card', memory });

  it('says what a step that fits needs, and asks nothing of a device of unknown memory', () => {
    expect(fitDevice({ make: wide }, auto, { name: 'card', memory: 80 * GIB })).toEqual({
      needed: deviceBytes(wide(), 64),
      recompute: 0,
    });
    expect(fitDevice({ make: wide }, auto, { name: 'GPU', memory: null })).toEqual({ needed: null, recompute: 0 });
  });

  it('names the halved batch that fits, and the accumulation that keeps the updates', () => {
    const memory = deviceBytes(wide(), 16);
    expect(refusal(wide, auto, memory)).toThrow(
      /a batch of 64 needs .* of card.*; 16 fits, with training\.accumulate 4/,
    );
  });

  it('says when not even one image fits', () => {
    expect(refusal(wide, auto, GIB / 2)).toThrow(/even one image/);
  });

  it('has no more computed again than makes the step fit', () => {
    const plain = deviceBytes(deep(), 64);
    const least = deviceBytes(withRecomputation(deep(), recomputableStep(deep()).segments), 64);
    const memory = (plain + least) / 2;
    const { recompute, needed } = fitDevice({ make: deep }, auto, { name: 'card', memory });
    expect(recompute).toBeGreaterThan(0);
    expect(recompute).toBeLessThan(recomputableStep(deep()).segments);
    expect(needed).toBeLessThanOrEqual(memory);
    expect(deviceBytes(withRecomputation(deep(), recompute - 1), 64)).toBeGreaterThan(memory);
  });

  it('obeys a job that never or always recomputes', () => {
    const memory = deviceBytes(deep(), 64) - 1;
    expect(refusal(deep, never, memory)).toThrow(/a batch of 64 .*; 32 fits.*leave out training\.recompute never/);
    const always = { batch: 64, recompute: 'always' } as const;
    expect(fitDevice({ make: deep }, always, { name: 'card', memory }).recompute).toBe(
      recomputableStep(deep()).segments,
    );
  });
});

describe('fitHost', () => {
  const model = deep();

  it('does not even make a step that is far from filling the machine', () => {
    const make = (): Graph => {
      throw new Error('was made');
    };
    expect(fitHost({ make, model }, auto, 64 * GIB)).toEqual({ needed: null, recompute: 0 });
  });

  it('recomputes where memory is short, and refuses what does not fit so either', () => {
    expect(fitHost({ make: deep, model }, { ...auto, batch: 1024 }, GIB).recompute).toBeGreaterThan(0);
    expect(() => fitHost({ make: deep, model }, { ...auto, batch: 2 ** 14 }, GIB)).toThrow(/of this machine/);
  });
});

describe('fitPieces', () => {
  const heldBy = (threads: number) => ({ images: 4, copies: threads, threads });
  const fit = (batch: number, threads: number, gigabytes: number) =>
    fitPieces({ make: deep, model: deep(), batch, threads, heldBy }, gigabytes * GIB);

  it('asks for what the threads hold, not for the batch, and names how many fit', () => {
    expect(fit(64, 4, 2)).toEqual({ needed: null, recompute: 0 });
    expect(() => fit(64, 64, 2)).toThrow(/on 64 threads needs .* of this machine; \d+ threads fit/);
    const told = Number(/(\d+) threads fit/.exec(messageOf(() => fit(64, 64, 2)))![1]);
    expect(fit(64, told, 2)).toEqual({ needed: null, recompute: 0 });
    expect(() => fit(64, told + 1, 2)).toThrow(`${told} threads fit`);
  });

  it('says when not even one thread fits', () => {
    expect(() => fit(64, 4, 1 / 8)).toThrow(/even on one thread/);
  });
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

describe('isOutOfMemory', () => {
  it.each([
    'Failed to allocate memory for requested buffer of size 4831838208',
    'CUDA failure 2: out of memory ; GPU=0',
    'CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED',
    'CUBLAS failure 3: the resource allocation failed ; GPU=0',
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
