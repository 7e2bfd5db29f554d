/** A product with a factor where that takes two ops: the one that scales should touch as few numbers as it can. */
import type { TensorFlowValue, TensorFlowWriter } from './define.ts';
import type { Value } from './ir.ts';
import { elements } from './shape.ts';

/** What a symbolic length is taken for. */
const MANY = 2 ** 30;

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
  switch (scaledOne(values)) {
    case 'left':
      return product(scaled(a), b);
    case 'right':
      return product(a, scaled(b));
    case 'result':
      return scaled(product(a, b));
  }
}

/** Which of the factors and their product is the smallest. */
export function scaledOne(values: readonly [a: Value, b: Value, product: Value]): 'left' | 'right' | 'result' {
  const [left, right, result] = values.map(leastSize) as [number, number, number];
  if (left <= Math.min(right, result)) return 'left';
  return right <= result ? 'right' : 'result';
}

/** A symbolic length is as large as a batch of rows: what has none is smaller. */
function leastSize({ shape }: Value): number {
  const size = elements(shape);
  return typeof size === 'number' ? size : size.factor * MANY;
}
