/** What dropout keeps, how often, and that its gradient is kept where the value is. */
import { describe, expect, it } from 'vitest';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import { reduceSum } from '../../src/graph/build.ts';
import { dropout, noiseInputs } from '../../src/graph/dropout.ts';
import { createGraph } from '../../src/graph/registry.ts';
import { symbol } from '../../src/graph/shape.ts';
import { float32 } from '../../src/graph/tensor.ts';
import { Random } from '../../src/shared/random.ts';
import { noiseFeeds } from '../../src/trainer/feeds.ts';

const P = 0.3;
const [TOKENS, BATCH, WIDTH] = [5, 40, 256];
const COUNT = TOKENS * BATCH * WIDTH;
/** Five standard deviations: of seeds in this file none should fail, and a biased mask must. */
const SIGMAS = 5;

/** Ones through dropout, and the gradient of their sum. */
async function run(seed: number): Promise<{ y: Float32Array; gradient: Float32Array }> {
  const graph = createGraph();
  const x = graph.input('x', [TOKENS, symbol('B'), WIDTH]);
  const y = dropout(x, P, 'layer');
  graph.output('y', y);
  graph.output('gradient', gradients(reduceSum(y, { axes: [0, 1, 2] }), [x])[0]!);
  const program = await onnxRuntimeCpu.compile(graph);
  const results = await program.run({
    x: float32([TOKENS, BATCH, WIDTH], new Float32Array(COUNT).fill(1)),
    ...noiseFeeds(noiseInputs(graph), BATCH, new Random(seed)),
  });
  await program.release();
  return { y: results['y']!.data as Float32Array, gradient: results['gradient']!.data as Float32Array };
}

describe('dropout', () => {
  it('keeps a share of 1 − p, divided by that share', async () => {
    const { y } = await run(1);
    const kept = y.filter((value) => value !== 0);
    // Any two elements are independent, which is all that the variance of a count asks for.
    expect(Math.abs(kept.length / COUNT - (1 - P))).toBeLessThan(SIGMAS * Math.sqrt((P * (1 - P)) / COUNT));
    for (const value of kept) expect(value).toBeCloseTo(1 / (1 - P), 6);
  });

  it('lets the gradient through where the value was kept', async () => {
    const { y, gradient } = await run(2);
    expect(gradient).toEqual(y);
  });

  it('is the same for the same noise and another for other noise', async () => {
    const [once, again, other] = [await run(3), await run(3), await run(4)];
    expect(again.y).toEqual(once.y);
    expect(agreement(once.y, other.y, 0)).toBeCloseTo(INDEPENDENT, 1);
  });

  it.each([
    ['along the width', 1],
    ['along the batch', WIDTH],
    ['along the tokens', WIDTH * BATCH],
  ])('has neighbours %s agree as often as independent ones', async (_, distance) => {
    // One draw decides for whole rows at a time, so single masks agree by chance more or less: the mean over many is what must be right.
    const means: number[] = [];
    for (let seed = 10; seed < 40; seed++) {
      const { y } = await run(seed);
      means.push(agreement(y, y, distance));
    }
    const mean = means.reduce((sum, value) => sum + value, 0) / means.length;
    const deviation = Math.sqrt(means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (means.length - 1));
    expect(Math.abs(mean - INDEPENDENT)).toBeLessThan((SIGMAS * deviation) / Math.sqrt(means.length));
  });
});

/** How often two independent masks agree. */
const INDEPENDENT = P ** 2 + (1 - P) ** 2;

function agreement(a: Float32Array, b: Float32Array, distance: number): number {
  let agreeing = 0;
  for (let index = distance; index < a.length; index++) {
    if ((a[index] === 0) === (b[index - distance] === 0)) agreeing++;
  }
  return agreeing / (a.length - distance);
}
