/** A product with a factor, as TensorFlow has it: in two ops, of which the one that scales should touch as few numbers as it can. */
import type { TensorFlowValue, TensorFlowWriter } from './define.ts';
import type { Value } from './ir.ts';
import { isStatic } from './shape.ts';
import { sizeOf } from './tensor.ts';

type Pair = readonly [TensorFlowValue, TensorFlowValue];

/** factor · product(a, b). `values` are a, b and the product as the graph has them: the smallest is scaled. */
export function scaledProduct(
  w: TensorFlowWriter,
  factor: number | undefined,
  [a, b]: Pair,
  values: readonly [Value, Value, Value],
  product: (a: TensorFlowValue, b: TensorFlowValue) => TensorFlowValue,
): TensorFlowValue {
  if (factor === undefined || factor === 1) return product(a, b);
  const scaled = (x: TensorFlowValue): TensorFlowValue => w.typed('Mul', [x, w.scalar(factor, x.dtype)]);
  const [left, right, result] = values.map(leastSize) as [number, number, number];
  if (left <= Math.min(right, result)) return product(scaled(a), b);
  return right <= result ? product(a, scaled(b)) : scaled(product(a, b));
}

/** A symbolic length is as large as a batch of rows: what has none is smaller. */
function leastSize({ shape }: Value): number {
  return isStatic(shape) ? sizeOf(shape) : Infinity;
}
