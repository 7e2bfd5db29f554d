import { describe, expect, it } from 'vitest';
import golden from '../../fixtures/trainer/adamw.json' with { type: 'json' };
import { clipFactor, globalNorm } from '../../../src/trainer/gradients.ts';
import {
  adamWTensors,
  initAdamW,
  type OptimizedParameter,
  restoreAdamW,
  updateAdamW,
} from '../../../src/trainer/optimizer.ts';

/** Half a unit in the last place of float32, for each of the handful of roundings that PyTorch makes in a step. */
const ROUNDING = 2 ** -24 * 8;

const goldenParameters = (): OptimizedParameter[] =>
  golden.groups.map((group, p) => ({ name: group.name, data: Float32Array.from(golden.start[p]!), group }));

function expectClose(actual: Float32Array, expected: readonly number[], tolerance: number): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) {
    expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(value)));
  }
}

describe('AdamW', () => {
  it('takes the steps of torch.optim.AdamW behind clip_grad_norm_', () => {
    const parameters = goldenParameters();
    let state = initAdamW(parameters);
    for (const { learningRate, gradients: lists, norm: torchNorm, parameters: after } of golden.steps) {
      const gradients = lists.map((list) => Float32Array.from(list));
      const norm = globalNorm(gradients);
      // PyTorch sums the squares in float32.
      expect(norm / torchNorm).toBeCloseTo(1, 6);
      const gradientScale = clipFactor(norm, golden.maxNorm);
      state = updateAdamW(state, parameters, gradients, { learningRate, gradientScale });
      for (const [p, { data }] of parameters.entries()) expectClose(data, after[p]!, state.step * ROUNDING);
    }
    expect(state.step).toBe(golden.steps.length);
    for (const [p, { exp_avg, exp_avg_sq }] of golden.averages.entries()) {
      expectClose(state.first[p]!, exp_avg, ROUNDING);
      expectClose(state.second[p]!, exp_avg_sq, ROUNDING);
    }
  });

  it('moves every parameter by the learning rate at the first step, whatever the size of its gradient', () => {
    const group = { learningRateScale: 1, weightDecay: 0 };
    const parameters = [{ name: 'w', data: new Float32Array(3), group }];
    updateAdamW(initAdamW(parameters), parameters, [Float32Array.of(1e-3, -1, 1e3)], {
      learningRate: 0.5,
      gradientScale: 1,
    });
    // m/√v is the gradient's sign but for ε beside 1e-3.
    expectClose(parameters[0]!.data, [-0.5, 0.5, -0.5], 1e-5);
  });

  it('decays by the learning rate of the group times its decay, apart from the gradient', () => {
    const group = { learningRateScale: 4, weightDecay: 0.25 };
    const parameters = [{ name: 'w', data: Float32Array.of(8), group }];
    updateAdamW(initAdamW(parameters), parameters, [Float32Array.of(0)], { learningRate: 0.5, gradientScale: 1 });
    expect(parameters[0]!.data[0]).toBe(8 * (1 - 0.5 * 4 * 0.25));
  });

  it('goes on from its tensors as if it had never stopped, bit for bit', () => {
    const steps = golden.steps.map(({ learningRate, gradients }) => ({
      options: { learningRate, gradientScale: 1 },
      gradients: gradients.map((list) => Float32Array.from(list)),
    }));
    const straight = goldenParameters();
    steps.reduce(
      (state, { options, gradients }) => updateAdamW(state, straight, gradients, options),
      initAdamW(straight),
    );

    const resumed = goldenParameters();
    let state = initAdamW(resumed);
    for (const { options, gradients } of steps) {
      state = updateAdamW(state, resumed, gradients, options);
      state = restoreAdamW(resumed, structuredClone(adamWTensors(resumed, state)), state.step);
    }
    expect(resumed.map(({ data }) => data)).toEqual(straight.map(({ data }) => data));
  });

  it('refuses the averages of other parameters', () => {
    const parameters = goldenParameters();
    const tensors = adamWTensors(parameters, initAdamW(parameters));
    tensors.delete('head.bias.exp_avg_sq');
    expect(() => restoreAdamW(parameters, tensors, 1)).toThrow('no head.bias.exp_avg_sq of 3 numbers');
  });

  it('refuses gradients of another length', () => {
    const parameters = goldenParameters().slice(0, 1);
    const update = (): unknown =>
      updateAdamW(initAdamW(parameters), parameters, [new Float32Array(2)], { learningRate: 1, gradientScale: 1 });
    expect(update).toThrow('layer.lora_A.weight: 2 gradients for 7 parameters');
  });
});
