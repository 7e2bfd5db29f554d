/** Numbers of ONNX's element types (TensorProto.DataType). */
import type { DType } from './tensor.ts';

const ONNX_TYPES = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  uint32: 12,
  bfloat16: 16,
} as const satisfies Record<DType, number>;

export function onnxType(dtype: DType): number {
  return ONNX_TYPES[dtype];
}

/** The element type with that number; undefined for one that Lowrank does not hold. Files of bfloat16 are read as float32. */
export function dtypeOf(type: number): DType | undefined {
  return (Object.keys(ONNX_TYPES) as DType[]).find((dtype) => ONNX_TYPES[dtype] === type && dtype !== 'bfloat16');
}
