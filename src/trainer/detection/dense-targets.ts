/** True boxes as a graph takes them: one tensor for a batch. */
import { slice } from '../../graph/build.ts';
import type { Value } from '../../graph/ir.ts';
import { float32 } from '../../graph/tensor.ts';
import type { Tensor } from '../../graph/tensor.ts';
import type { Anchors } from '../../models/anchors.ts';
import { TARGET_COLUMNS, widened } from './assign.ts';
import type { Sides } from './dense-overlap.ts';
import type { DetectionTargets } from './loss.ts';

/** Where the columns of a box begin: its corners, its class, the corners of the area in which it looks for anchors, its rank. */
export const TARGET = { corners: 0, label: 4, area: 5, rank: 9 } as const;
export const DENSE_COLUMNS = 10;

/** Of an image's first box; each further one has one less, padding has 0. Floats count so far, and no image has as many boxes. */
export const FIRST_RANK = 2 ** 20;

/** float32 [batch, M, `DENSE_COLUMNS`], where M is as many boxes as the image with most has, or, if `full`, as the batch has room for. */
export function denseTargets(
  { counts, rows, weights }: DetectionTargets,
  anchors: Anchors,
  { full = false } = {},
): Tensor<'float32'> {
  const capacity = rows.length / counts.length / TARGET_COLUMNS;
  const most = full ? capacity : counts.reduce((largest, count) => Math.max(largest, count), 1);
  const { data, ...tensor } = float32(
    [counts.length, most, DENSE_COLUMNS],
    new Float32Array(counts.length * most * DENSE_COLUMNS),
  );
  for (const [image, count] of counts.entries()) {
    for (let target = 0; weights[image] !== 0 && target < count; target++) {
      const from = (image * capacity + target) * TARGET_COLUMNS;
      const [label, ...corners] = rows.subarray(from, from + TARGET_COLUMNS);
      const area = widened(corners as unknown as Parameters<typeof widened>[0], anchors);
      data.set([...corners, label!, ...area, FIRST_RANK - target], (image * most + target) * DENSE_COLUMNS);
    }
  }
  return { data, ...tensor };
}

/** The four columns from `start`, [B, M, 1] each. */
export function sidesOf(targets: Value, start: number): Sides {
  return [0, 1, 2, 3].map((side) => slice(targets, 2, start + side, start + side + 1)) as unknown as Sides;
}
