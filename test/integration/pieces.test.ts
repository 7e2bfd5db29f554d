/** A detector's batch in pieces: the gradients and the loss are those of the batch as a whole, in one thread and in several. */
import { describe, expect, it } from 'vitest';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { zeros } from '../../src/graph/tensor.ts';
import { TARGET_COLUMNS } from '../../src/trainer/detection/assign.ts';
import { compilePieces } from '../../src/trainer/detection/compile-pieces.ts';
import { HeadLoss } from '../../src/trainer/detection/losses.ts';
import type { DetectionTargets } from '../../src/trainer/detection/loss.ts';
import { branchesOfGradients, imagesInPiece } from '../../src/trainer/detection/piecewise-step.ts';
import { DetectionStep } from '../../src/trainer/detection/program.ts';
import type { DetectorStep } from '../../src/trainer/detection/program.ts';
import { trainingGraphs } from '../../src/trainer/detection/step.ts';
import { gradientOf, IMAGES } from '../../src/trainer/step.ts';
import { tinyDetector } from './tiny-detector.ts';

const SIDE = 64;
const BATCH = 4;
const CLASSES = ['one', 'two', 'three'];
const SIZE = { height: SIDE, width: SIDE };

async function prepared(model: string) {
  const tiny = await tinyDetector(model, { side: SIDE, batch: BATCH, classes: CLASSES, seed: 7 });
  const { preprocessing, detection: head, adapted, values, images } = tiny;
  // Unlike numbers of boxes, none among them, and one picture that is padding.
  const rows = new Float32Array(BATCH * 2 * TARGET_COLUMNS);
  rows.set([1, 4, 6, 40, 38, 2, 30, 28, 62, 60], 0);
  rows.set([0, 10, 10, 26, 50], 4 * TARGET_COLUMNS);
  rows.set([0, 10, 10, 26, 50], 6 * TARGET_COLUMNS);
  const targets = { counts: Int32Array.of(2, 0, 1, 1), rows, weights: Float32Array.of(1, 1, 1, 0) };
  const halves = trainingGraphs(adapted.graph, head, { preprocessing, batch: BATCH });
  const feeds = { ...Object.fromEntries(values), [IMAGES]: images };
  return { head, halves, feeds, targets, parameters: adapted.parameters };
}

type Prepared = Awaited<ReturnType<typeof prepared>>;

async function results(step: DetectorStep, { feeds, targets, parameters }: Prepared) {
  const into = Object.fromEntries(parameters.map(({ name, shape }) => [gradientOf(name), zeros('float32', shape)]));
  const run = (of: DetectionTargets): Promise<number> => step.run(feeds, of, 0.25, into);
  // Twice, since what is added up must not be added to.
  await run(targets);
  const loss = await run(targets);
  const { parts } = step;
  await step.release();
  return { loss, parts, gradients: into };
}

const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

describe.each(['yolo11', 'yolo26'])('a batch of %s in pieces', (model) => {
  it.each([1, 2, 4])('has the gradients and the loss of the whole, %i threads', async (threads) => {
    const of = await prepared(model);
    const loss = new HeadLoss(of.head, { classes: CLASSES.length, size: SIZE, batch: BATCH });
    const engine = onnxRuntimeCpu;
    const whole = await results(await DetectionStep.compile(of.halves, loss, { engine, batch: BATCH }), of);
    const step = await compilePieces(of.halves, {
      engine,
      threads,
      head: of.head,
      classes: CLASSES.length,
      size: SIZE,
      batch: BATCH,
    });
    const pieces = await results(step, of);
    expect(pieces.loss).toBeCloseTo(whole.loss, 4);
    for (const part of ['box', 'cls', 'dfl'] as const) expect(pieces.parts![part]).toBeCloseTo(whole.parts![part]!, 4);
    for (const [name, { data }] of Object.entries(pieces.gradients)) {
      const wanted = whole.gradients[name]!.data;
      const difference = largest(data.map((value, i) => value - wanted[i]!));
      // Sums over images in another order: a few units in the last place of the largest part.
      expect(difference, name).toBeLessThanOrEqual(2e-5 * largest(wanted) + 1e-9);
    }
  });

  it('has gradients of one branch each', async () => {
    const { halves, head } = await prepared(model);
    const branches = new Set(branchesOfGradients(halves.backward, head)!.values());
    expect(branches.size).toBe(head.branches.length);
  });
});

describe('the images in a piece', () => {
  it.each([
    // One of 640 pixels, more of smaller ones, as long as every thread has a piece.
    [8, 2, 640, 1],
    [8, 2, 320, 4],
    [8, 4, 320, 2],
    [8, 16, 320, 1],
    [8, 1, 1280, 1],
    // All pieces are alike.
    [6, 1, 320, 3],
    [7, 2, 320, 1],
  ])('batch %i, %i threads, %i pixels: %i', (batch, threads, side, images) => {
    expect(imagesInPiece(batch, threads, side * side)).toBe(images);
  });
});
