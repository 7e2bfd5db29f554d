/** A vision transformer with random weights as a Hugging Face folder: where pre-training starts, and what benchmarks run on. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../src/formats/atomic-write.ts';
import { writeSafetensors } from '../src/formats/safetensors.ts';
import { float32, sizeOf } from '../src/graph/tensor.ts';
import type { Tensor } from '../src/graph/tensor.ts';
import { Random } from '../src/shared/random.ts';

export interface VitSize {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly image: number;
  readonly patch: number;
  readonly labels: readonly string[];
}

/** `initializer_range` of transformers. */
const DEVIATION = 0.02;

export async function writeRandomVit(directory: string, size: VitSize, seed: number): Promise<void> {
  const { width, layers, heads, image, patch, labels } = size;
  mkdirSync(directory, { recursive: true });
  const json = async (name: string, content: object): Promise<void> => {
    await writeFileAtomic(join(directory, name), `${JSON.stringify(content, null, 2)}\n`);
  };
  await json('config.json', {
    architectures: ['ViTForImageClassification'],
    model_type: 'vit',
    hidden_size: width,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: 4 * width,
    hidden_act: 'gelu',
    layer_norm_eps: 1e-12,
    image_size: image,
    patch_size: patch,
    num_channels: 3,
    qkv_bias: true,
    id2label: Object.fromEntries(labels.map((label, index) => [index, label])),
    label2id: Object.fromEntries(labels.map((label, index) => [label, index])),
  });
  await json('preprocessor_config.json', {
    image_processor_type: 'ViTImageProcessor',
    do_resize: true,
    size: { height: image, width: image },
    resample: 2,
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
  });
  await writeSafetensors(join(directory, 'model.safetensors'), parameters(size, new Random(seed)), { format: 'pt' });
}

function parameters({ width, layers, image, patch, labels }: VitSize, random: Random): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  const drawn = (name: string, shape: readonly number[]): void => {
    const source = random.fork(name);
    tensors.set(
      name,
      float32(
        shape,
        Float32Array.from({ length: sizeOf(shape) }, () => source.normal() * DEVIATION),
      ),
    );
  };
  const constant = (name: string, length: number, value: number): void => {
    tensors.set(name, float32([length], new Float32Array(length).fill(value)));
  };
  const linear = (name: string, out: number, input: number): void => {
    drawn(`${name}.weight`, [out, input]);
    constant(`${name}.bias`, out, 0);
  };
  const norm = (name: string): void => {
    constant(`${name}.weight`, width, 1);
    constant(`${name}.bias`, width, 0);
  };
  const embeddings = 'vit.embeddings';
  drawn(`${embeddings}.cls_token`, [1, 1, width]);
  drawn(`${embeddings}.position_embeddings`, [1, (image / patch) ** 2 + 1, width]);
  drawn(`${embeddings}.patch_embeddings.projection.weight`, [width, 3, patch, patch]);
  constant(`${embeddings}.patch_embeddings.projection.bias`, width, 0);
  // The names that transformers writes to disk, whatever its release.
  for (let index = 0; index < layers; index++) {
    const layer = `vit.encoder.layer.${index}`;
    for (const part of ['query', 'key', 'value']) linear(`${layer}.attention.attention.${part}`, width, width);
    linear(`${layer}.attention.output.dense`, width, width);
    linear(`${layer}.intermediate.dense`, 4 * width, width);
    linear(`${layer}.output.dense`, width, 4 * width);
    norm(`${layer}.layernorm_before`);
    norm(`${layer}.layernorm_after`);
  }
  norm('vit.layernorm');
  linear('classifier', labels.length, width);
  return tensors;
}
