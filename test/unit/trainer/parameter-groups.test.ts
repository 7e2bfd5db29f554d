import { describe, expect, it } from 'vitest';
import { groupOf } from '../../../src/trainer/parameter-groups.ts';

const options = { weightDecay: 0.01, plusRatio: 16 };
const prefix = 'base_model.model.vit.layers.0.';

describe('groupOf', () => {
  it.each([
    ['attention.q_proj.lora_A.weight', [8, 192]],
    ['attention.q_proj.lora_B.weight', [192, 8]],
    ['embeddings.lora_embedding_A', [8, 100]],
    ['stem.lora_A.weight', [8, 3, 7, 7]],
    ['classifier.weight', [10, 192]],
  ])('decays %s', (name, shape) => {
    expect(groupOf(prefix + name, shape, options).weightDecay).toBe(0.01);
  });

  it.each([
    ['classifier.bias', [10]],
    ['layernorm_before.weight', [192]],
    ['attention.q_proj.lora_magnitude_vector', [192]],
    ['stem.lora_magnitude_vector', [1, 64, 1, 1]],
  ])('does not decay %s', (name, shape) => {
    expect(groupOf(prefix + name, shape, options).weightDecay).toBe(0);
  });

  it('gives B the ratio of LoRA+, and nothing else', () => {
    const scale = (name: string): number => groupOf(prefix + name, [4, 4], options).learningRateScale;
    expect(scale('q_proj.lora_B.weight')).toBe(16);
    expect(scale('embeddings.lora_embedding_B')).toBe(16);
    expect(scale('q_proj.lora_A.weight')).toBe(1);
    expect(scale('classifier.weight')).toBe(1);
    expect(scale('lora_Bridge.weight')).toBe(1);
  });
});
