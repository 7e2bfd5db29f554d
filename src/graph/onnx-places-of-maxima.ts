/** Where the maxima of windows are, for readers of ONNX whose MaxPool does not tell: window by window each tap is compared with the best so far. */
import type { OnnxWriter } from './define.ts';
import { onnxType } from './onnx-types.ts';
import type { Value } from './ir.ts';
import { timesDim } from './shape.ts';
import type { Axis } from './window.ts';

type Axes = readonly [Axis, Axis];

/** Writes int64 indices into all elements of x [N, C, H, W], the first of equal ones, in the shape of the windows. */
export function writePlacesOfMaxima(
  w: OnnxWriter,
  { x, name, axes, result }: { x: Value; name: string; axes: Axes; result: string },
): void {
  const [rows, columns] = axes;
  const node = (type: string, inputs: readonly string[], attributes = {}): string => {
    const output = w.fresh('places');
    w.node(type, inputs, [output], attributes);
    return output;
  };
  const whole = (value: number): string => w.scalar(value, 'int32');
  const toInt32 = (value: string): string => node('Cast', [value], { to: { int: onnxType('int32') } });

  const after = axes.map(reachBeyond);
  const pads = w.ints([0, 0, rows.before, columns.before, 0, 0, after[0]!, after[1]!]);
  const padded = node('Pad', [name, pads, w.scalar(-Infinity, x.dtype)]);
  const seen = (row: number, column: number): string => {
    const [top, left] = [row * rows.dilation, column * columns.dilation];
    const ends = [endOf(top, rows), endOf(left, columns)];
    return node('Slice', [
      padded,
      w.ints([top, left]),
      w.ints(ends),
      w.ints([2, 3]),
      w.ints([rows.stride, columns.stride]),
    ]);
  };
  let best = seen(0, 0);
  let place = whole(0);
  for (let tap = 0; tap < rows.kernel * columns.kernel; tap++) {
    const [row, column] = [Math.floor(tap / columns.kernel), tap % columns.kernel];
    const own = tap === 0 ? best : seen(row, column);
    const offset = row * rows.dilation * columns.input + column * columns.dilation;
    // The first tap is not above itself, which gives the places their shape.
    place = node('Where', [node('Greater', [own, best]), whole(offset), place]);
    if (tap > 0) best = node('Max', [best, own]);
  }
  const starts = ({ output, stride, before }: Axis, step: number): string =>
    toInt32(w.ints(Array.from({ length: output }, (_, index) => (index * stride - before) * step)));
  const down = node('Reshape', [starts(rows, columns.input), w.ints([rows.output, 1])]);
  const inImage = node('Add', [node('Add', [place, down]), starts(columns, 1)]);
  const images = node('Squeeze', [toInt32(w.shape([timesDim(x.shape[0]!, x.shape[1]!)]))]);
  const counted = node('Range', [whole(0), images, whole(1)]);
  const first = node('Mul', [
    node('Reshape', [counted, w.shape([x.shape[0]!, x.shape[1]!, 1, 1])]),
    whole(rows.input * columns.input),
  ]);
  w.node('Cast', [node('Add', [inImage, first])], [result], { to: { int: onnxType('int64') } });
}

/** What the last window reaches beyond the image. */
function reachBeyond({ input, output, kernel, stride, dilation, before }: Axis): number {
  return Math.max(0, (output - 1) * stride + dilation * (kernel - 1) + 1 - before - input);
}

function endOf(start: number, { output, stride }: Axis): number {
  return start + (output - 1) * stride + 1;
}
