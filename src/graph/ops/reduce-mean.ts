import { expand, mul, reshape } from '../build.ts';
import { defineOp } from '../define.ts';
import type { Value } from '../ir.ts';
import {
  keptShape,
  REDUCTION_CASES,
  reductionFlops,
  reductionInOnnx,
  reductionInTensorFlow,
  reductionShape,
} from '../reduction.ts';
import type { ReductionAttributes } from '../reduction.ts';
import { axisIndex, known } from '../shape.ts';

/** The reduced axes must be known: a mean over the batch would need its size while the graph runs. */
export const reduceMean = defineOp<[x: Value], ReductionAttributes>({
  name: 'ReduceMean',
  shape: reductionShape,
  vjp: ({ inputs: [x], attributes: { axes } }, [dy]) => [
    () => {
      const count = axes.reduce((n, axis) => n * known(x.shape[axisIndex(axis, x.shape.length)], 'a mean'), 1);
      return expand(reshape(mul(dy!, 1 / count), keptShape(x, axes)), x.shape);
    },
  ],
  onnx: reductionInOnnx('ReduceMean'),
  tensorflow: reductionInTensorFlow('Mean'),
  flops: reductionFlops,
  cases: REDUCTION_CASES,
});
