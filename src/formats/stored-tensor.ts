/** Elements of a strided view in row-major order. */
import { fromBytes, sizeOf } from '../graph/tensor.ts';
import type { Tensor } from '../graph/tensor.ts';
import { floatsOfBfloats } from './half.ts';
import type { TorchTensor } from './torch-globals.ts';

/** `bytes` are those of the view from its first element to its last, little-endian. */
export function tensorOf({ storage, shape, strides }: TorchTensor, bytes: Uint8Array<ArrayBuffer>): Tensor {
  const { dtype, width } = storage.element;
  const dense = isRowMajor(shape, strides) ? bytes : gathered(bytes, shape, strides, width);
  switch (dtype) {
    case 'bfloat16':
      return { dtype: 'float32', shape, data: floatsOfBfloats(new Uint16Array(dense.buffer)) };
    case 'float64':
      return { dtype: 'float32', shape, data: new Float32Array(new Float64Array(dense.buffer)) };
    default:
      return fromBytes(dtype, shape, dense);
  }
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

function gathered(
  bytes: Uint8Array<ArrayBuffer>,
  shape: readonly number[],
  strides: readonly number[],
  width: number,
): Uint8Array<ArrayBuffer> {
  const count = sizeOf(shape);
  const dense = new Uint8Array(count * width);
  const index = shape.map(() => 0);
  for (let to = 0, from = 0; to < count; to++) {
    dense.set(bytes.subarray(from * width, (from + 1) * width), to * width);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return dense;
}
