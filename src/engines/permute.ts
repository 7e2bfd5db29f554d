/** Transposing on the host: of frozen weights once, instead of in the graph at each step. */
import { zeros } from '../graph/tensor.ts';
import type { Tensor } from '../graph/tensor.ts';

/** The result's axis i is the tensor's axis permutation[i]. */
export function permuted(tensor: Tensor, permutation: readonly number[]): Tensor {
  const shape = permutation.map((axis) => tensor.shape[axis]!);
  const strides = tensor.shape.map((_, axis) => tensor.shape.slice(axis + 1).reduce((size, dim) => size * dim, 1));
  const steps = permutation.map((axis) => strides[axis]!);
  const result = zeros(tensor.dtype, shape);
  const [from, to] = [tensor.data, result.data];
  let written = 0;
  const copy = (axis: number, start: number): void => {
    if (axis === shape.length) {
      to[written++] = from[start]!;
      return;
    }
    for (let index = 0; index < shape[axis]!; index++) copy(axis + 1, start + index * steps[axis]!);
  };
  copy(0, 0);
  return result;
}
