import { add, cast, equal, exp, logSoftmax, mul, neg, reduceSum, reshape, sub } from '../build.ts';
import { defineOp } from '../define.ts';
import type { Value } from '../ir.ts';
import { known } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/**
 * Σᵢ wᵢ · H(tᵢ, softmax(logitsᵢ)), with t the one-hot label smoothed to (1 − ε)·onehot + ε/K (Szegedy et al. 2016).
 * Logits [B, K], labels int32 [B], weights [B]; outputs the loss (a scalar) and log-probabilities [B, K].
 * Weights carry everything that averages: 1/n for a mean over n images, 0 for padding, class weights, accumulation.
 */
export const crossEntropy = defineOp<[logits: Value, labels: Value, weights: Value], { labelSmoothing: number }>({
  name: 'CrossEntropy',
  shape: ([logits]) => [
    { shape: [], dtype: 'float32' },
    { shape: logits.shape, dtype: 'float32' },
  ],
  vjp: ({ inputs: [, labels, weights], outputs: [, logP], attributes: { labelSmoothing } }, [dLoss]) => [
    () => mul(sub(exp(logP!), targets(labels, logP!, labelSmoothing)), mul(column(weights), dLoss!)),
    undefined,
    undefined,
  ],
  expand: ({ inputs: [logits, labels, weights], attributes: { labelSmoothing } }) => {
    const logP = logSoftmax(logits);
    const each = mul(mul(logP, targets(labels, logP, labelSmoothing)), column(weights));
    return [neg(reduceSum(each, { axes: [0, 1] })), logP];
  },
  cases: [
    { inputs: [[2, 3], labels(2, 0), weights(0.5, 0.5)], attributes: { labelSmoothing: 0 } },
    {
      inputs: [[3, 4], labels(0, 3, 1), weights(0.2, 0, 0.9)],
      attributes: { labelSmoothing: 0.1 },
      why: 'the second row is padding',
    },
    { inputs: [[1, 2], labels(1), weights(1)], attributes: { labelSmoothing: 0.5 } },
  ],
});

function column(weights: Value): Value {
  return reshape(weights, [weights.shape[0]!, 1]);
}

function targets(labels: Value, logP: Value, smoothing: number): Value {
  const classes = known(logP.shape[1], 'the number of classes');
  const indices = labels.graph.constant(classIndices(classes));
  const oneHot = cast(equal(reshape(labels, [labels.shape[0]!, 1]), indices), 'float32');
  return smoothing === 0 ? oneHot : add(mul(oneHot, 1 - smoothing), smoothing / classes);
}

function classIndices(classes: number): Tensor {
  return { dtype: 'int32', shape: [classes], data: Int32Array.from({ length: classes }, (_, index) => index) };
}

function labels(...values: number[]) {
  return { shape: [values.length], dtype: 'int32', values, frozen: true } as const;
}

function weights(...values: number[]) {
  return { shape: [values.length], values, frozen: true } as const;
}
