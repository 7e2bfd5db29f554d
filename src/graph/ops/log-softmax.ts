import { exp, mul, reduceSum, sub } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';

/** Over the last axis: y = x − log Σ exp x, so dx = dy − exp(y)·Σ dy. */
export const logSoftmax = defineOp<[x: Value]>({
  name: 'LogSoftmax',
  shape: ([x]) => [like(x)],
  vjp: ({ outputs: [y] }, [dy]) => [() => sub(dy!, mul(exp(y!), reduceSum(dy!, { axes: [-1], keepDims: true })))],
  onnx: (w, { names, results }) => {
    w.node('LogSoftmax', names, results, { axis: { int: -1 } });
  },
  flops: ([x]) => 15 * x!.reduce((size, dim) => size * dim, 1),
  cases: [{ inputs: [[3]] }, { inputs: [[2, 3]] }, { inputs: [[2, 3, 4]] }],
});
