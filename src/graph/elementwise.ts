/** Ops that work on each element alone differ in two lines: their name and their derivative. */
import { unbroadcast } from './build.ts';
import { defineOp, noGradient, sameInOnnx, sameInTensorFlow } from './define.ts';
import type { OpCase, OpDefinition, TensorFlowValue, TensorFlowWriter } from './define.ts';
import { like } from './ir.ts';
import type { Value } from './ir.ts';
import { broadcast } from './shape.ts';

type Cases = readonly [OpCase<object>, OpCase<object>, OpCase<object>, ...OpCase<object>[]];

interface Unary {
  /** dx from x, y = f(x) and dy; left out where the derivative is zero almost everywhere. */
  readonly gradient?: (x: Value, y: Value, dy: Value) => Value;
  /** Three shapes unless the op has a domain or a kink to keep away from. */
  readonly cases?: Cases;
  readonly flops?: number;
  /** How TensorFlow computes it, where it has no op of that name. */
  readonly inTensorFlow?: (writer: TensorFlowWriter, x: TensorFlowValue) => TensorFlowValue;
}

const SHAPES: Cases = [{ inputs: [[3]] }, { inputs: [[2, 3]] }, { inputs: [[2, 3, 4]] }];

/** y = f(x), which ONNX has under the same name. */
export function defineUnary(
  name: string,
  { gradient, cases = SHAPES, flops = 1, inTensorFlow = (w, x) => w.typed(name, [x]) }: Unary,
): OpDefinition {
  return defineOp<[x: Value]>({
    name,
    shape: ([x]) => [like(x)],
    vjp: ({ inputs: [x], outputs: [y] }, [dy]) => [gradient && (() => gradient(x, y!, dy!))],
    onnx: sameInOnnx(name),
    tensorflow: (w, { operands: [x] }) => inTensorFlow(w, x),
    flops: (_, [y]) => flops * y!.reduce((size, dim) => size * dim, 1),
    cases,
  });
}

interface Binary {
  /** Gradients of the broadcast operands; summing back to their shapes is done here. */
  readonly gradients: readonly [
    (a: Value, b: Value, y: Value, dy: Value) => Value,
    (a: Value, b: Value, y: Value, dy: Value) => Value,
  ];
  readonly cases?: Cases;
  /** TensorFlow's name, where it is another. */
  readonly tensorflow?: string;
}

const PAIRS: Cases = [
  { inputs: [[3], [3]] },
  { inputs: [[2, 3, 4], [4]], why: 'the second operand is stretched' },
  {
    inputs: [
      [2, 1, 4],
      [3, 1],
    ],
    why: 'both are',
  },
  { inputs: [[], [2, 2]], why: 'a scalar' },
];

/** y = f(a, b) with broadcasting, which ONNX has under the same name. */
export function defineBinary(name: string, { gradients, cases = PAIRS, tensorflow = name }: Binary): OpDefinition {
  return defineOp<[a: Value, b: Value]>({
    name,
    shape: ([a, b]) => [like(a, broadcast(a.shape, b.shape))],
    vjp: ({ inputs: [a, b], outputs: [y] }, [dy]) => [
      () => unbroadcast(gradients[0](a, b, y!, dy!), a.shape),
      () => unbroadcast(gradients[1](a, b, y!, dy!), b.shape),
    ],
    onnx: sameInOnnx(name),
    tensorflow: sameInTensorFlow(tensorflow),
    cases,
  });
}

interface Comparison {
  readonly cases?: Cases;
  /** TensorFlow's name, where it is another. */
  readonly tensorflow?: string;
}

/** y = a ⋛ b with broadcasting, which ONNX has under the same name. */
export function defineComparison(name: string, { cases = PAIRS, tensorflow = name }: Comparison = {}): OpDefinition {
  return defineOp<[a: Value, b: Value]>({
    name,
    shape: ([a, b]) => [{ shape: broadcast(a.shape, b.shape), dtype: 'bool' }],
    vjp: noGradient,
    onnx: sameInOnnx(name),
    tensorflow: (w, { operands: [a, b] }) =>
      // Of truth values TensorFlow knows the type without being told.
      a.dtype === 'bool' ? w.node(tensorflow, [a, b]) : w.typed(tensorflow, [a, b], {}, 'bool'),
    cases,
  });
}

/** On both sides of a kink at zero and away from it. */
export const AROUND_ZERO: Cases = [
  { inputs: [{ shape: [4], values: [-2, -0.5, 0.3, 1.5] }] },
  { inputs: [{ shape: [2, 2], values: [-1, 0.2, 3, -0.1] }] },
  { inputs: [{ shape: [2, 1, 2], values: [0.7, -0.7, -4, 4] }] },
];
