/**
 * Which learning rate and weight decay each trained parameter gets.
 *
 * Decay follows the `Trainer` of transformers, where users of PEFT come from: everything decays but biases and the parameters of
 * normalisation layers. DoRA's magnitudes do not decay either: they are lengths of weight rows, which decay would shrink
 * towards zero although the base is meant to stay.
 * LoRA+ (Hayou et al. 2024) multiplies the learning rate of B by the ratio, and of nothing else. (PEFT's own LoRA+ also takes
 * every one-dimensional parameter into the fast group, a new head's bias among them, which the paper does not ask for.)
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

const UNDECAYED =
  /(^|[._])(bias|norm\d*|layernorm\w*|layer_norm\w*|rmsnorm|bn\d*|batchnorm\w*|lora_magnitude_vector)([._]|$)/i;
const LORA_B = /(^|\.)lora_(embedding_)?B(\.|$)/;

/** The group of a parameter, by its name in the file (`….lora_B.weight`, `….classifier.bias`). */
export function groupOf(name: string, { weightDecay, plusRatio }: GroupOptions): ParameterGroup {
  return {
    learningRateScale: LORA_B.test(name) ? plusRatio : 1,
    weightDecay: UNDECAYED.test(name) && !isAdapter(name) ? 0 : weightDecay,
  };
}

/** An adapter on a layer whose own name sounds like a normalisation still is two matrices. */
function isAdapter(name: string): boolean {
  return /(^|\.)lora_(embedding_)?[AB](\.|$)/.test(name);
}
