/** Reductions share their shape rule and their forms. */
import type { OnnxSite, OnnxWriter, TensorFlowSite, TensorFlowValue, TensorFlowWriter } from './define.ts';
import { like } from './ir.ts';
import type { Value, ValueType } from './ir.ts';
import { axisIndex } from './shape.ts';
import type { Dim, Shape } from './shape.ts';

export interface ReductionAttributes {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

function reducedAxes(x: Value, axes: readonly number[]): ReadonlySet<number> {
  return new Set(axes.map((axis) => axisIndex(axis, x.shape.length)));
}

/** The input's shape with 1 in place of the reduced axes. */
export function keptShape(x: Value, axes: readonly number[]): Shape {
  const reduced = reducedAxes(x, axes);
  return x.shape.map((dim: Dim, axis) => (reduced.has(axis) ? 1 : dim));
}

export function reductionShape([x]: readonly [Value], { axes, keepDims }: ReductionAttributes): readonly ValueType[] {
  const reduced = reducedAxes(x, axes);
  return [like(x, keepDims ? keptShape(x, axes) : x.shape.filter((_, axis) => !reduced.has(axis)))];
}

export function reductionInOnnx(type: string) {
  return (
    w: OnnxWriter,
    { names: [x], results, attributes: { axes, keepDims } }: OnnxSite<[Value], ReductionAttributes>,
  ): void => {
    w.node(type, [x, w.ints(axes)], results, { keepdims: { int: keepDims ? 1 : 0 } });
  };
}

export function reductionInTensorFlow(type: string) {
  return (
    w: TensorFlowWriter,
    { operands: [x], attributes: { axes, keepDims } }: TensorFlowSite<[Value], ReductionAttributes>,
  ): TensorFlowValue => w.typed(type, [x, w.ints(axes)], { keep_dims: { bool: keepDims } });
}

/** One operation an input element. */
export const reductionFlops = ([x]: readonly (readonly number[])[]): number => x!.reduce((size, dim) => size * dim, 1);

export const REDUCTION_CASES = [
  { inputs: [[3]], attributes: { axes: [0], keepDims: false }, why: 'to a scalar' },
  { inputs: [[2, 3, 4]], attributes: { axes: [1], keepDims: true } },
  { inputs: [[2, 3, 4]], attributes: { axes: [0, -1], keepDims: false } },
] as const;
