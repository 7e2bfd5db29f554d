/**
 * Images in TensorFlow. On a GPU it takes them as the graph has them, [N, C, H, W]; on a CPU it convolves and pools [N, H, W, C] alone, so
 * what windows over images do there is written between two transposes, of which TensorFlow removes those that meet.
 */
import type { TensorFlowAttribute, TensorFlowValue, TensorFlowWriter } from './define.ts';
import type { Shape } from './shape.ts';

interface Padding {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly value: number;
}

/** [N, C, H, W] as TensorFlow is to have it. */
export function imagesIn(w: TensorFlowWriter, x: TensorFlowValue): TensorFlowValue {
  return w.channelsFirst ? x : w.transpose(x, [0, 2, 3, 1]);
}

/** The inverse of imagesIn. */
export function imagesOut(w: TensorFlowWriter, y: TensorFlowValue): TensorFlowValue {
  return w.channelsFirst ? y : w.transpose(y, [0, 3, 1, 2]);
}

/** Numbers for N, C and the two image axes, in TensorFlow's order of axes. */
function inOrder<T>(w: TensorFlowWriter, [n, c, rows, columns]: readonly [T, T, T, T]): [T, T, T, T] {
  return w.channelsFirst ? [n, c, rows, columns] : [n, rows, columns, c];
}

export function shapeOfImages(w: TensorFlowWriter, shape: Shape): TensorFlowValue {
  return w.shape(inOrder(w, shape as readonly [Shape[0], Shape[0], Shape[0], Shape[0]]));
}

export const channelAxis = (w: TensorFlowWriter): number => (w.channelsFirst ? 1 : 3);

export function layout(w: TensorFlowWriter): { readonly data_format: TensorFlowAttribute } {
  return { data_format: { string: w.channelsFirst ? 'NCHW' : 'NHWC' } };
}

/** One number for the rows and one for the columns. */
export function alongImages(w: TensorFlowWriter, [rows, columns]: readonly number[]): TensorFlowAttribute {
  return { ints: inOrder(w, [1, 1, rows!, columns!]) };
}

/** Top, left, bottom, right as TensorFlow's padding before and after each axis. */
export function explicitPads(w: TensorFlowWriter, [top, left, bottom, right]: readonly number[]) {
  const pairs = inOrder<readonly number[]>(w, [
    [0, 0],
    [0, 0],
    [top!, bottom!],
    [left!, right!],
  ]);
  return { padding: { string: 'EXPLICIT' }, explicit_paddings: { ints: pairs.flat() } } as const;
}

/** x with a constant around it. */
export function padded(w: TensorFlowWriter, x: TensorFlowValue, { before, after, value }: Padding): TensorFlowValue {
  const amounts = before.flatMap((amount, axis) => [amount, after[axis]!]);
  if (amounts.every((amount) => amount === 0)) return x;
  const data = Int32Array.from(amounts);
  const pads = w.constant({ dtype: 'int32', shape: [before.length, 2], data });
  return w.typed('PadV2', [x, pads, w.scalar(value, x.dtype)]);
}

/** Consecutive pieces of equal length. */
export function equalPieces(w: TensorFlowWriter, x: TensorFlowValue, axis: number, count: number): TensorFlowValue[] {
  if (count === 1) return [x];
  const attributes = { T: { type: x.dtype }, num_split: { int: count } } as const;
  const first = w.node('Split', [w.scalar(axis, 'int32'), x], attributes, x.dtype);
  return Array.from({ length: count }, (_, index) => w.output(first, index));
}

export function joined(w: TensorFlowWriter, pieces: readonly TensorFlowValue[], axis: number): TensorFlowValue {
  if (pieces.length === 1) return pieces[0]!;
  return w.typed('ConcatV2', [...pieces, w.scalar(axis, 'int32')], { N: { int: pieces.length } });
}
