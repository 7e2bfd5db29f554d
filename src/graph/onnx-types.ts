/** Numbers of ONNX's element types (TensorProto.DataType). */
import type { DType } from './tensor.ts';

const TYPES = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  uint32: 12,
} as const satisfies Record<DType, number>;

export function onnxType(dtype: DType): number {
  return TYPES[dtype];
}

/** The element type with that number; undefined for one that Lowrank does not hold. */
export function dtypeOf(type: number): DType | undefined {
  return (Object.keys(TYPES) as DType[]).find((dtype) => TYPES[dtype] === type);
}
