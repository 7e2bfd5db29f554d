/**
 * AdamW: Adam with weight decay decoupled from the gradient (Loshchilov and Hutter 2019), in the order of PyTorch's
 * `torch.optim.AdamW`. For every element, with t counted from 1 and λ, η of its group:
 *
 *   θ ← θ − η·λ·θ,  m ← m + (1 − β₁)(g − m),  v ← β₂·v + (1 − β₂)·g²,  θ ← θ − η/(1 − β₁ᵗ) · m / (√v/b + ε),  b = √(1 − β₂ᵗ)
 *
 * The last fraction is taken as b·m / (√v + b·ε), one division an element instead of two.
 * Arithmetic is in double precision, rounded once per stored float32, so results differ from PyTorch's by roundings alone.
 */
import { float32, type Tensor } from '../graph/tensor.ts';
import type { ParameterGroup } from './parameter-groups.ts';

/** A trained array and how it is to be treated; `updateAdamW` writes into `data`. */
export interface OptimizedParameter {
  readonly name: string;
  readonly data: Float32Array;
  readonly group: ParameterGroup;
}

/** Running averages of gradient (m) and squared gradient (v), in the order of the parameters. */
export interface AdamWState {
  /** Updates done. */
  readonly step: number;
  readonly first: readonly Float32Array[];
  readonly second: readonly Float32Array[];
}

export interface AdamWUpdate {
  /** Of this step; each group scales it. */
  readonly learningRate: number;
  /** Multiplies every gradient: 1 / accumulated batches, times the factor of `clipFactor`. */
  readonly gradientScale: number;
}

/** The defaults of PyTorch, which nobody fine-tunes with other values. */
export const ADAMW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
const { beta1: BETA_1, beta2: BETA_2, epsilon: EPSILON } = ADAMW;

export function initAdamW(parameters: readonly OptimizedParameter[]): AdamWState {
  const zeros = (): Float32Array[] => parameters.map(({ data }) => new Float32Array(data.length));
  return { step: 0, first: zeros(), second: zeros() };
}

/** One update, in place for parameters and averages; returns the state with its step counted on. */
export function updateAdamW(
  state: AdamWState,
  parameters: readonly OptimizedParameter[],
  gradients: readonly Float32Array[],
  { learningRate, gradientScale }: AdamWUpdate,
): AdamWState {
  const step = state.step + 1;
  const bias1 = 1 - BETA_1 ** step;
  const rootBias2 = Math.sqrt(1 - BETA_2 ** step);
  for (let p = 0; p < parameters.length; p++) {
    const { name, data, group } = parameters[p]!;
    const gradient = gradients[p]!;
    if (gradient.length !== data.length) {
      throw new RangeError(`${name}: ${gradient.length} gradients for ${data.length} parameters`);
    }
    const rate = learningRate * group.learningRateScale;
    updateArray(data, gradient, state.first[p]!, state.second[p]!, {
      gradientScale,
      keep: 1 - rate * group.weightDecay,
      stepSize: (rate / bias1) * rootBias2,
      epsilon: EPSILON * rootBias2,
    });
  }
  return { ...state, step };
}

interface Factors {
  readonly gradientScale: number;
  /** Share of the weight that its decay leaves. */
  readonly keep: number;
  readonly stepSize: number;
  readonly epsilon: number;
}

/** Kept apart and plain: V8 compiles this loop to scalar machine code without any checks but the arrays' bounds. */
function updateArray(
  data: Float32Array,
  gradient: Float32Array,
  first: Float32Array,
  second: Float32Array,
  { gradientScale, keep, stepSize, epsilon }: Factors,
): void {
  for (let i = 0; i < data.length; i++) {
    const g = gradient[i]! * gradientScale;
    const m = first[i]! + (1 - BETA_1) * (g - first[i]!);
    const v = BETA_2 * second[i]! + (1 - BETA_2) * g * g;
    first[i] = m;
    second[i] = v;
    data[i] = data[i]! * keep - (stepSize * m) / (Math.sqrt(v) + epsilon);
  }
}

const FIRST = '.exp_avg';
const SECOND = '.exp_avg_sq';

/** The averages as named tensors, PyTorch's names behind the parameters': what a checkpoint keeps. The arrays are shared. */
export function adamWTensors(parameters: readonly OptimizedParameter[], state: AdamWState): Map<string, Tensor> {
  return new Map(
    parameters.flatMap(({ name, data }, p) => [
      [name + FIRST, float32([data.length], state.first[p]!)],
      [name + SECOND, float32([data.length], state.second[p]!)],
    ]),
  );
}

/** The state from its tensors. Throws a `RangeError` where they belong to other parameters. */
export function restoreAdamW(
  parameters: readonly OptimizedParameter[],
  tensors: ReadonlyMap<string, Tensor>,
  step: number,
): AdamWState {
  const read = (suffix: string): Float32Array[] =>
    parameters.map(({ name, data }) => {
      const stored = tensors.get(name + suffix)?.data;
      if (stored instanceof Float32Array && stored.length === data.length) return stored;
      throw new RangeError(`the checkpoint has no ${name + suffix} of ${data.length} numbers`);
    });
  return { step, first: read(FIRST), second: read(SECOND) };
}
