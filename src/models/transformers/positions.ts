/**
 * Position embeddings learned for one grid of patches, resized to another: bicubic convolution (Keys 1981) as PyTorch's
 * `interpolate(mode="bicubic", align_corners=False)` does it, without antialiasing.
 */
import { concat, matmul, reshape, slice } from '../../graph/build.ts';
import type { Graph, Value } from '../../graph/ir.ts';
import { known } from '../../graph/shape.ts';
import { float32 } from '../../graph/tensor.ts';

export interface Grid {
  readonly rows: number;
  readonly columns: number;
}

/**
 * [1, special + from, D] → [special + to, 1, D], sequence first; the special tokens' positions stay. The published tensor remains a
 * constant of the graph, so that full fine-tuning trains it and not its resized copy; engines compute a frozen one when they load.
 */
export function resizePositions(positions: Value, special: number, from: Grid, to: Grid): Value {
  const { graph, shape } = positions;
  const width = known(shape[2], 'the hidden size');
  const sequence = reshape(positions, [shape[1]!, 1, width]);
  if (from.rows === to.rows && from.columns === to.columns) return sequence;
  const patches = slice(sequence, 0, special, special + from.rows * from.columns);
  const down = matmul(interpolation(graph, from.rows, to.rows), reshape(patches, [from.rows, from.columns * width]));
  const across = matmul(interpolation(graph, from.columns, to.columns), reshape(down, [to.rows, from.columns, width]));
  return concat([slice(sequence, 0, 0, special), reshape(across, [to.rows * to.columns, 1, width])], 0);
}

/** The matrix (to, from) that resamples one axis. Taps beyond the border repeat it. */
function interpolation(graph: Graph, from: number, to: number): Value {
  const matrix = new Float32Array(to * from);
  for (let row = 0; row < to; row++) {
    const centre = ((row + 0.5) * from) / to - 0.5;
    const first = Math.floor(centre) - 1;
    for (let tap = first; tap < first + 4; tap++) {
      const column = Math.min(Math.max(tap, 0), from - 1);
      matrix[row * from + column]! += kernel(Math.abs(centre - tap));
    }
  }
  return graph.constant(float32([to, from], matrix));
}

/** PyTorch's coefficient; other libraries take −½. */
const A = -0.75;

function kernel(x: number): number {
  return x <= 1 ? ((A + 2) * x - (A + 3)) * x * x + 1 : (((x - 5) * x + 8) * x - 4) * A;
}
