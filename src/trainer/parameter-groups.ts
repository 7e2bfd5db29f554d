import type { Job } from '../shared/job.ts';

/**
 * Which learning rate and weight decay each trained parameter gets.
 *
 * Matrices and kernels decay, one-dimensional parameters do not: those are the biases and the affine parameters of
 * normalisation layers, which the `Trainer` of transformers, where users of PEFT come from, leaves out by name. DoRA's
 * magnitudes do not decay either: decay would shrink the lengths of weight rows towards zero, away from the base's.
 *
 * LoRA+ (Hayou et al. 2024) multiplies the learning rate of B by the ratio, and of nothing else. (PEFT's LoRA+ puts every
 * one-dimensional parameter into the fast group as well, a new head's bias among them, which the paper does not ask for.)
 */
export interface ParameterGroup {
  /** Times the learning rate of the schedule. */
  readonly learningRateScale: number;
  readonly weightDecay: number;
}

export interface GroupOptions {
  readonly weightDecay: number;
  /** Learning rate of B over that of A. */
  readonly plusRatio: number;
}

/** The group of a parameter, by its name in the adapter file (`….lora_B.weight`, `….classifier.bias`) and its shape. */
export function groupOf(
  name: string,
  shape: readonly number[],
  { weightDecay, plusRatio }: GroupOptions,
): ParameterGroup {
  const path = name.split('.');
  const isB = path.includes('lora_B') || path.includes('lora_embedding_B');
  // Of a convolution the magnitudes are (1, out, 1, 1).
  const decays = shape.length > 1 && !path.includes('lora_magnitude_vector');
  return { learningRateScale: isB ? plusRatio : 1, weightDecay: decays ? weightDecay : 0 };
}

/** Trained tensors with their groups. */
export function parameterGroups<T extends { readonly name: string; readonly shape: readonly number[] }>(
  parameters: readonly T[],
  { training, lora }: Job,
): (T & { readonly group: ParameterGroup })[] {
  const options = { weightDecay: training.weightDecay, plusRatio: lora.plusRatio };
  return parameters.map((parameter) => ({ ...parameter, group: groupOf(parameter.name, parameter.shape, options) }));
}
