/** Dense tensors in row-major order, as the host holds them: constants of a graph, what goes into a step and comes out. */

interface ArrayOf {
  readonly float32: Float32Array;
  /** IEEE binary16 bits: JavaScript has no half-precision array on Node 20. */
  readonly float16: Uint16Array;
  /** Bits: the upper half of a float32's. */
  readonly bfloat16: Uint16Array;
  readonly int64: BigInt64Array;
  readonly int32: Int32Array;
  readonly uint32: Uint32Array;
  readonly int8: Int8Array;
  readonly uint8: Uint8Array;
  /** One byte an element, 0 or 1. */
  readonly bool: Uint8Array;
}

export type DType = keyof ArrayOf;
export type TensorData<T extends DType = DType> = ArrayOf[T];

export interface Tensor<T extends DType = DType> {
  readonly dtype: T;
  readonly shape: readonly number[];
  readonly data: TensorData<T>;
}

const ARRAYS = {
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** The floating-point types of half the width. */
export type HalfType = 'float16' | 'bfloat16';

export function isHalfType(dtype: DType): dtype is HalfType {
  return dtype === 'float16' || dtype === 'bfloat16';
}

export function isFloat(dtype: DType): boolean {
  return dtype === 'float32' || isHalfType(dtype);
}

/** Bytes of one element. */
export function bytesOf(dtype: DType): number {
  return ARRAYS[dtype].BYTES_PER_ELEMENT;
}

/** Number of elements of a shape: the product of its dimensions, 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

export function float32(shape: readonly number[], data: Float32Array | readonly number[]): Tensor<'float32'> {
  return checked({ dtype: 'float32', shape, data: data instanceof Float32Array ? data : Float32Array.from(data) });
}

export function int64(shape: readonly number[], data: readonly number[]): Tensor<'int64'> {
  return checked({ dtype: 'int64', shape, data: BigInt64Array.from(data, BigInt) });
}

export function zeros<T extends DType>(dtype: T, shape: readonly number[]): Tensor<T> {
  return { dtype, shape, data: new ARRAYS[dtype](sizeOf(shape)) as unknown as TensorData<T> };
}

/** A tensor over raw little-endian bytes; copies only when the bytes are not aligned to the element. */
export function fromBytes<T extends DType>(dtype: T, shape: readonly number[], bytes: Uint8Array): Tensor<T> {
  const array = ARRAYS[dtype];
  const width = array.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  const data = new array(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / width);
  return checked({ dtype, shape, data: data as unknown as TensorData<T> });
}

/** The bytes under a tensor, not copied. */
export function bytesUnder({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function checked<T extends DType>(tensor: Tensor<T>): Tensor<T> {
  if (tensor.data.length !== sizeOf(tensor.shape)) {
    throw new RangeError(`${tensor.data.length} elements do not fill shape [${tensor.shape.join(', ')}]`);
  }
  return tensor;
}
