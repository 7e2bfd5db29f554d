/**
 * `as_strided`, which the dynamo exporter makes of an adaptive pooling's reshape: Range over the images, times the elements of one image,
 * plus offsets within it, then one Gather from everything laid flat. Told apart here it is a Gather within each image.
 */
import { gather, reshape } from '../../../graph/build.ts';
import type { Value } from '../../../graph/ir.ts';
import { divideDim, formatDim, sameDim, ShapeError, symbol } from '../../../graph/shape.ts';
import type { Dim } from '../../../graph/shape.ts';
import { BATCH } from '../../base.ts';
import { addDims } from '../dim-arithmetic.ts';
import { unsqueezed } from '../reshaping.ts';
import { isImageIndices, isKnown, numbersOf, uniform } from '../operand.ts';
import type { ImageIndices, Operand } from '../operand.ts';
import type { Site } from './site.ts';

/** Range(0, B, 1). */
export function imageRange(site: Site, start: Dim, limit: Dim, step: Dim): ImageIndices | undefined {
  if (start !== 0 || step !== 1 || !sameDim(limit, symbol(BATCH))) return undefined;
  return { kind: 'image indices', step: 1, first: site.folding.filled('int64', [1], 0) };
}

/** Such indices and the other operand, if one of two inputs is such. */
function pair(site: Site): readonly [ImageIndices, Operand] | undefined {
  const [a, b] = [site.operand(0), site.operand(1)];
  if (isImageIndices(a)) return [a, b];
  return isImageIndices(b) ? [b, a] : undefined;
}

export function timesImageIndices(site: Site): readonly Operand[] | undefined {
  const [indices, other] = pair(site) ?? [];
  if (indices === undefined) return undefined;
  const factor = isKnown(other) ? uniform(other) : undefined;
  if (factor === undefined || uniform(indices.first) !== 0)
    throw new ShapeError('numbers the images in an unknown way');
  return [{ ...indices, step: indices.step * factor }];
}

export function plusImageIndices(site: Site): readonly Operand[] | undefined {
  const [indices, other] = pair(site) ?? [];
  if (indices === undefined) return undefined;
  if (!isKnown(other)) throw new ShapeError('numbers the images in an unknown way');
  const first = site.folding.map('int64', [indices.first, other], addDims);
  if (first.stored.length > indices.first.stored.length && first.stored[0] !== 1) {
    throw new ShapeError('numbers the images in an unknown way');
  }
  return [{ ...indices, first }];
}

export function unsqueezeImageIndices(indices: ImageIndices, axes: readonly number[]): ImageIndices {
  if (axes.includes(0)) throw new ShapeError('numbers the images along another axis than the first');
  const stored = unsqueezed(indices.first.stored, axes) as number[];
  return { ...indices, first: { ...indices.first, shape: stored, stored } };
}

/** x laid flat [B·n] and indices b·n + first → x[b, first]. */
export function gatherWithinImages(x: Value, { step, first }: ImageIndices): Value {
  const [length] = x.shape;
  const size = length === undefined || x.shape.length !== 1 ? undefined : divideDim(length, symbol(BATCH));
  if (length === undefined || typeof size !== 'number' || size !== step) {
    throw new ShapeError(`takes every ${step}th of ${length === undefined ? 'one' : formatDim(length)} elements`);
  }
  const within = numbersOf(first);
  // One before an image's first is another image's last, so nothing wraps around here.
  if (!within.every((index) => Number.isInteger(index) && index >= 0 && index < size)) {
    throw new ShapeError('takes elements of one image for another');
  }
  const shape: Dim[] = [symbol(BATCH), ...first.stored.slice(1)];
  const images = reshape(x, [symbol(BATCH), size]);
  if (within.length === size && within.every((index, at) => index === at)) return reshape(images, shape);
  const indices = { dtype: 'int64', shape: [within.length], data: BigInt64Array.from(within, BigInt) } as const;
  return reshape(gather(images, x.graph.constant(indices), 1), shape);
}
