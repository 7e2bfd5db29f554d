/**
 * The shapes that Reshape and Unsqueeze ask for, with the batch in its place.
 *
 * A model exported for one image has 1, or nothing, where the batch should be. There the batch is put back by where it lies in memory: it
 * stays the slowest index of its axis, and as many elements follow one image in the new shape as in the old one.
 */
import {
  axisIndex,
  divideDim,
  elements,
  formatShape,
  isStatic,
  sameDim,
  ShapeError,
  symbol,
  timesDim,
} from '../../graph/shape.ts';
import type { Dim, Shape } from '../../graph/shape.ts';
import { BATCH } from '../base.ts';

export interface ReshapeOptions {
  /** 0 is a length, not "as the input". */
  readonly allowZero: boolean;
  /** The model was exported for one image. */
  readonly fixedBatch: boolean;
}

export function reshapedTo(input: Shape, asked: readonly Dim[], { allowZero, fixedBatch }: ReshapeOptions): Shape {
  const wanted = asked.map((dim, axis) => (dim === 0 && !allowZero ? (input[axis] ?? 0) : dim));
  const ofOneImage = fixedBatch && isStatic(wanted) && !isStatic(input);
  const shape = ofOneImage ? withBatch(input, wanted) : solved(input, wanted);
  if (shape === undefined) throw new ShapeError(`${formatShape(input)} cannot become ${formatShape(wanted)}`);
  if (fixedBatch && !isStatic(shape) && imageStride(shape) !== imageStride(input)) {
    throw new ShapeError(`${formatShape(input)} becomes ${formatShape(wanted)} for one image only`);
  }
  return shape;
}

/** With −1 computed; undefined where the number of elements is another. */
function solved(input: Shape, wanted: Shape): Shape | undefined {
  const open = wanted.indexOf(-1);
  if (open < 0) return sameDim(elements(input), elements(wanted)) ? wanted : undefined;
  const rest = divideDim(elements(input), elements(wanted.with(open, 1)));
  return rest === undefined ? undefined : wanted.with(open, rest);
}

function withBatch(input: Shape, wanted: readonly number[]): Shape | undefined {
  const shape = solved(input.map(perImage), wanted) as readonly number[] | undefined;
  const stride = imageStride(input);
  if (shape === undefined) return undefined;
  const axis = shape.findIndex((_, at) => elements(shape.slice(at)) === stride);
  return axis < 0 ? undefined : shape.map((dim, at) => (at === axis ? timesDim(symbol(BATCH), dim) : dim));
}

const perImage = (dim: Dim): number => (typeof dim === 'number' ? dim : dim.factor);

/** How many elements lie between one image and the next. */
function imageStride(shape: Shape): number | undefined {
  const axis = shape.findIndex((dim) => typeof dim !== 'number');
  return axis < 0
    ? undefined
    : shape
        .slice(axis)
        .map(perImage)
        .reduce((product, dim) => product * dim, 1);
}

/** With a 1 at each of the axes, which count in the result. */
export function unsqueezed(shape: Shape, axes: readonly number[]): Shape {
  const rank = shape.length + axes.length;
  const ones = new Set(axes.map((axis) => axisIndex(axis, rank)));
  if (ones.size !== axes.length) throw new ShapeError('names an axis twice');
  const rest = shape[Symbol.iterator]();
  return Array.from({ length: rank }, (_, axis) => (ones.has(axis) ? 1 : (rest.next().value ?? 1)));
}
