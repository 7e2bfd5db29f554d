import { exp, mul, reduceSum, sub } from '../build.ts';
import { defineOp, sameInTensorFlow } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';

/** Over the last axis: y = x − log Σ exp x, so dx = dy − exp(y)·Σ dy. */
export const logSoftmax = defineOp<[x: Value]>({
  name: 'LogSoftmax',
  shape: ([x]) => [like(x)],
  vjp: ({ outputs: [y] }, [dy]) => [() => sub(dy!, mul(exp(y!), reduceSum(dy!, { axes: [-1], keepDims: true })))],
  onnx: (w, { names: [x], results }) => {
    if (w.has('LogSoftmax')) {
      w.node('LogSoftmax', [x], results, { axis: { int: -1 } });
      return;
    }
    const node = (type: string, inputs: readonly string[], attributes = {}): string => {
      const result = w.fresh(type);
      w.node(type, inputs, [result], attributes);
      return result;
    };
    const along = { keepdims: { int: 1 } };
    const centred = node('Sub', [x, node('ReduceMax', [x, w.ints([-1])], along)]);
    const sum = node('ReduceSum', [node('Exp', [centred]), w.ints([-1])], along);
    w.node('Sub', [centred, node('Log', [sum])], results);
  },
  tensorflow: sameInTensorFlow('LogSoftmax'),
  flops: ([x]) => 15 * x!.reduce((size, dim) => size * dim, 1),
  cases: [{ inputs: [[3]] }, { inputs: [[2, 3]] }, { inputs: [[2, 3, 4]] }],
});
