/** The loss as a part of a graph, against the same numbers of PyTorch as the one on the host. */
import { describe, expect, it } from 'vitest';
import golden from '../../../fixtures/detection/loss.json' with { type: 'json' };
import { enginesUnderTest } from '../../../engines.ts';
import { createGraph } from '../../../../src/graph/registry.ts';
import { symbol } from '../../../../src/graph/shape.ts';
import { float32 } from '../../../../src/graph/tensor.ts';
import { anchorsOf } from '../../../../src/models/anchors.ts';
import { lossDensely } from '../../../../src/trainer/detection/dense-loss.ts';
import { DENSE_COLUMNS, denseTargets } from '../../../../src/trainer/detection/dense-targets.ts';
import { SIDES } from '../../../../src/trainer/detection/heads.ts';
import { DEFAULT_GAINS, ONE_TO_MANY, ONE_TO_ONE } from '../../../../src/trainer/detection/loss.ts';
import type { DetectionTargets, LossOptions } from '../../../../src/trainer/detection/loss.ts';
import { TARGET_COLUMNS } from '../../../../src/trainer/detection/assign.ts';
import { numbers } from './numbers.ts';

type Case = (typeof golden)['cases'][number];
const [width, height] = golden.size as [number, number];
const anchors = anchorsOf({ width, height }, golden.strides);

function targetsOf({ boxes }: Case): DetectionTargets {
  const capacity = Math.max(...boxes.map(({ length }) => length));
  const rows = new Float32Array(boxes.length * capacity * TARGET_COLUMNS);
  for (const [image, list] of boxes.entries()) rows.set(list.flat(), image * capacity * TARGET_COLUMNS);
  return { counts: Int32Array.from(boxes, ({ length }) => length), rows, weights: Float32Array.from(golden.weights) };
}

function graphOf({ classes, regMax, kept }: Case) {
  const graph = createGraph();
  const batch = symbol('B');
  const inputs = {
    boxes: graph.input('boxes', [batch, SIDES * regMax, anchors.count]),
    scores: graph.input('scores', [batch, classes, anchors.count]),
    targets: graph.input('targets', [batch, symbol('M'), DENSE_COLUMNS]),
    weights: graph.input('weights', [batch]),
  };
  const options: LossOptions = {
    shape: { anchors, classes, regMax },
    size: { width, height },
    assign: kept === 1 ? ONE_TO_ONE : ONE_TO_MANY,
    gains: DEFAULT_GAINS,
  };
  const { parts, boxes, scores } = lossDensely(inputs, options);
  for (const [name, part] of Object.entries(parts)) graph.output(name, part);
  graph.output('by boxes', boxes);
  graph.output('by scores', scores);
  return graph;
}

function expectClose(actual: Float32Array, base64: string): void {
  const wanted = new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
  expect(actual).toHaveLength(wanted.length);
  const most = wanted.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const apart = actual.reduce((largest, value, i) => Math.max(largest, Math.abs(value - wanted[i]!)), 0);
  // Both compute in float32, in another order; where an anchor is as sure as its label says, their difference has lost digits.
  expect(apart).toBeLessThan(2e-4 * most);
}

describe.each(enginesUnderTest)('the loss in a graph on $name', (engine) => {
  it.each(golden.cases)('equals PyTorch, parts and gradients: $name', async (given) => {
    const program = await engine.compile(graphOf(given));
    const { boxes, classes, regMax, spread, offset } = given;
    const cells = boxes.length * anchors.count;
    const results = await program.run({
      boxes: float32([boxes.length, SIDES * regMax, anchors.count], numbers(cells * SIDES * regMax, 1, spread, offset)),
      scores: float32([boxes.length, classes, anchors.count], numbers(cells * classes, 2, spread, -1)),
      targets: denseTargets(targetsOf(given), anchors),
      weights: float32([boxes.length], golden.weights),
    });
    for (const name of ['box', 'classes', 'distances'] as const)
      expect((results[name]!.data[0] as number) / given.parts[name]).toBeCloseTo(1, 4);
    expectClose(results['by boxes']!.data as Float32Array, given.gradients.boxes);
    expectClose(results['by scores']!.data as Float32Array, given.gradients.scores);
    await program.release();
  });
});
