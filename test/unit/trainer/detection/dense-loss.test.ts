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
import { DEFAULT_GAINS, DetectionLoss, ONE_TO_MANY, ONE_TO_ONE } from '../../../../src/trainer/detection/loss.ts';
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

function graphOf(
  { classes, regMax, kept }: Pick<Case, 'classes' | 'regMax' | 'kept'>,
  over = anchors,
  size = { width, height },
) {
  const graph = createGraph();
  const batch = symbol('B');
  const inputs = {
    boxes: graph.input('boxes', [batch, SIDES * regMax, over.count]),
    scores: graph.input('scores', [batch, classes, over.count]),
    targets: graph.input('targets', [batch, symbol('M'), DENSE_COLUMNS]),
    weights: graph.input('weights', [batch]),
  };
  const options: LossOptions = {
    shape: { anchors: over, classes, regMax },
    size,
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

  it('stays a number where a bin is as good as impossible', async () => {
    const size = { width: 32, height: 32 };
    const few = anchorsOf(size, [8, 32]);
    const program = await engine.compile(graphOf({ classes: 1, regMax: 16, kept: 10 }, few, size));
    // One stride to each side, as surely as 6000 says, where more are wanted: each bin that is meant lies 6000 below.
    const boxes = Float32Array.from({ length: SIDES * 16 * few.count }, (_, i) =>
      Math.floor(i / few.count) % 16 === 1 ? 3000 : -3000,
    );
    const targets: DetectionTargets = {
      counts: Int32Array.of(1),
      rows: Float32Array.of(0, 16 - 80, 16 - 80, 16 + 80, 16 + 80),
      weights: Float32Array.of(1),
    };
    const outputs = { boxes, scores: new Float32Array(few.count) };
    const host = new DetectionLoss({
      shape: { anchors: few, classes: 1, regMax: 16 },
      size,
      assign: ONE_TO_MANY,
      gains: DEFAULT_GAINS,
    });
    const { distances, labels } = host.evaluate(outputs, targets, {
      boxes: boxes.slice(),
      scores: outputs.scores.slice(),
    });
    const results = await program.run({
      boxes: float32([1, SIDES * 16, few.count], boxes),
      scores: float32([1, 1, few.count], outputs.scores),
      targets: denseTargets(targets, few),
      weights: float32([1], [1]),
    });
    expect(labels).toBeGreaterThan(0.1);
    // Labels are a box's best IoU times quotients of sixth powers: some digits of float32 are gone.
    expect((results['distances']!.data[0] as number) / distances).toBeCloseTo(1, 3);
    expect((results['by boxes']!.data as Float32Array).every(Number.isFinite)).toBe(true);
    await program.release();
  });
});
