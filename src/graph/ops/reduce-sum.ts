import { expand, reshape } from '../build.ts';
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

export const reduceSum = defineOp<[x: Value], ReductionAttributes>({
  name: 'ReduceSum',
  shape: reductionShape,
  vjp: ({ inputs: [x], attributes: { axes } }, [dy]) => [() => expand(reshape(dy!, keptShape(x, axes)), x.shape)],
  onnx: reductionInOnnx('ReduceSum'),
  tensorflow: reductionInTensorFlow('Sum'),
  flops: reductionFlops,
  cases: REDUCTION_CASES,
});
