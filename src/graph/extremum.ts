/** Min and Max of two operands, and reductions by them. */
import { add, cast, div, equal, expand, mul, reduceSum, reshape, sign, sub } from './build.ts';
import { defineOp } from './define.ts';
import type { OpDefinition } from './define.ts';
import { defineBinary } from './elementwise.ts';
import type { Value } from './ir.ts';
import { keptShape, reductionFlops, reductionInOnnx, reductionInTensorFlow, reductionShape } from './reduction.ts';
import type { ReductionAttributes } from './reduction.ts';

/** The gradient goes to the operand that won; equal ones share it. `direction` is 1 where the larger wins. */
export function defineExtremum(name: string, direction: 1 | -1): OpDefinition {
  const won = (mine: Value, other: Value): Value => add(mul(sign(sub(mine, other)), direction / 2), 0.5);
  return defineBinary(name, {
    tensorflow: `${name}imum`,
    gradients: [(a, b, _y, dy) => mul(dy, won(a, b)), (a, b, _y, dy) => mul(dy, won(b, a))],
    cases: [
      { inputs: [apart([3], [1, -1, 2]), apart([3], [0, 0.5, 1])] },
      {
        inputs: [apart([2, 3], [1, -1, 2, 0, 3, 0.5]), apart([3], [0.5, 1, 1])],
        why: 'the second operand is stretched',
      },
      { inputs: [apart([2, 1], [1, -1]), apart([], [0.2])] },
    ],
  });
}

/** The gradient goes to the elements that are the result; equal ones share it. */
export function defineExtremumReduction(name: string): OpDefinition {
  return defineOp<[x: Value], ReductionAttributes>({
    name,
    shape: reductionShape,
    vjp: ({ inputs: [x], outputs: [y], attributes: { axes } }, [dy]) => [
      () => {
        const kept = keptShape(x, axes);
        const won = cast(equal(x, reshape(y!, kept)), 'float32');
        const share = div(reshape(dy!, kept), reduceSum(won, { axes, keepDims: true }));
        return mul(won, expand(share, x.shape));
      },
    ],
    onnx: reductionInOnnx(name),
    tensorflow: reductionInTensorFlow(name.slice('Reduce'.length)),
    flops: reductionFlops,
    cases: [
      { inputs: [apart([4], [1, -1, 2, 0.5])], attributes: { axes: [0], keepDims: false } },
      { inputs: [apart([2, 3], [1, -1, 2, 0, 3, 0.5])], attributes: { axes: [1], keepDims: true } },
      { inputs: [apart([2, 1, 3], [1, -1, 2, 0, 3, 0.5])], attributes: { axes: [0, -1], keepDims: false } },
    ],
  });
}

function apart(shape: readonly number[], values: readonly number[]) {
  return { shape, values } as const;
}
