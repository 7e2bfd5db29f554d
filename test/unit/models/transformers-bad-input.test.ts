/** Model folders come from the internet: what is wrong with one is told in one line that names the file and the field. */
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSafetensors, writeSafetensors } from '../../../src/formats/safetensors.ts';
import type { Tensor } from '../../../src/graph/tensor.ts';
import { float32 } from '../../../src/graph/tensor.ts';
import { openTransformers } from '../../../src/models/transformers/open.ts';
import { InputError } from '../../../src/shared/errors.ts';
import { Random } from '../../../src/shared/random.ts';

const MODELS = resolve(import.meta.dirname, '../../fixtures/models');
type Json = Record<string, unknown>;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lowrank-model-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const place = (name: string): string => join(folder, name);

/** A copy of a reference model with fields of its JSON files changed; undefined removes one. */
function copy(model: string, config: Json = {}, preprocessor: Json = {}): void {
  for (const [file, changes] of [
    ['config.json', config],
    ['preprocessor_config.json', preprocessor],
  ] as const) {
    const content = JSON.parse(readFileSync(join(MODELS, model, file), 'utf8')) as Json;
    writeFileSync(place(file), JSON.stringify({ ...content, ...changes }));
  }
  cpSync(join(MODELS, model, 'model.safetensors'), place('model.safetensors'));
}

async function changeTensors(change: (tensors: Map<string, Tensor>) => void): Promise<void> {
  const weights = openSafetensors(place('model.safetensors'));
  const tensors = new Map(weights.names().map((name) => [name, weights.read(name)]));
  weights.close();
  change(tensors);
  await writeSafetensors(place('model.safetensors'), tensors);
}

async function refusal(): Promise<string> {
  const error: unknown = await openTransformers(folder).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  const { message } = error as InputError;
  expect(message).not.toContain('\n');
  return message.replaceAll(`${folder}/`, '').replaceAll(folder, 'folder');
}

describe('config.json', () => {
  it.each<[string, Json, string]>([
    [
      'vit',
      { model_type: 'llama' },
      'config.json: model_type: "llama" is not supported; supported are deit, dinov2, resnet, vit, and others as ONNX files',
    ],
    ['vit', { model_type: undefined }, 'config.json: model_type: Invalid input: expected string, received undefined'],
    [
      'vit',
      { hidden_size: 64 },
      'folder: vit.embeddings.patch_embeddings.projection.weight: is [32, 3, 8, 8], but config.json makes it [64, 3, 8, 8]',
    ],
    ['vit', { hidden_size: 2 ** 40 }, 'config.json:1: hidden_size: Too big'],
    ['vit', { hidden_size: 1.5 }, 'config.json:1: hidden_size: Invalid input: expected int'],
    ['vit', { num_attention_heads: 5 }, 'config.json:1: num_attention_heads: does not divide hidden_size'],
    [
      'vit',
      { num_hidden_layers: 3 },
      'folder: its weights have no tensor vit.layers.2.layernorm_before.weight, which config.json asks for',
    ],
    [
      'vit',
      { num_hidden_layers: 1 },
      'folder: vit.encoder.layer.1.attention.attention.key.bias: has no place in the model that config.json describes',
    ],
    ['vit', { num_hidden_layers: 1e9 }, 'config.json:1: num_hidden_layers: Too big'],
    [
      'vit',
      { intermediate_size: 40 },
      'folder: vit.encoder.layer.0.intermediate.dense.weight: is [48, 32], but config.json makes it [40, 32]',
    ],
    [
      'vit',
      { patch_size: 4 },
      'folder: vit.embeddings.patch_embeddings.projection.weight: is [32, 3, 8, 8], but config.json makes it [32, 3, 4, 4]',
    ],
    ['vit', { image_size: -1 }, 'config.json:1: image_size: is neither a number from 1 to 65536 nor [height, width]'],
    [
      'vit',
      { image_size: 64 },
      'preprocessor_config.json: makes images of 32×32 pixels, the image_size of config.json is 64×64',
    ],
    ['vit', { hidden_act: 'xielu' }, 'config.json:1: hidden_act: Invalid option'],
    ['vit', { num_channels: 1 }, 'config.json:1: num_channels: Invalid input: expected 3'],
    ['vit', { id2label: { 0: 'cat', 1: 'dog' } }, 'config.json: id2label: names 2 classes, but the head has 5 rows'],
    ['vit', { id2label: { cat: 'cat' } }, 'config.json:1: id2label.cat: Invalid key'],
    ['vit', { qkv_bias: 'yes' }, 'config.json:1: qkv_bias: Invalid input: expected boolean'],
    [
      'dinov2-swiglu',
      { mlp_ratio: 4 },
      'folder: dinov2.encoder.layer.0.mlp.weights_in.weight: is [96, 32], but config.json makes it [176, 32]',
    ],
    ['dinov2-swiglu', { mlp_ratio: 0.001 }, 'config.json:1: mlp_ratio: leaves no hidden features'],
    [
      'dinov2-swiglu',
      { use_swiglu_ffn: false },
      'folder: its weights have no tensor dinov2.encoder.layer.0.mlp.fc1.weight',
    ],
    [
      'dinov2-swiglu',
      { qkv_bias: true },
      'folder: its weights have no tensor dinov2.encoder.layer.0.attention.q_proj.bias',
    ],
    ['resnet-basic', { depths: [1, 2] }, 'config.json:1: depths: is not as long as hidden_sizes'],
    [
      'resnet-basic',
      { depths: [1, 1, 1] },
      'folder: resnet.encoder.stages.1.layers.1.layer.0.convolution.weight: has no place in the model',
    ],
    [
      'resnet-basic',
      { layer_type: 'bottleneck' },
      'folder: resnet.encoder.stages.0.layers.0.layer.0.convolution.weight: is [8, 8, 3, 3], but config.json makes it [2, 8, 1, 1]',
    ],
    [
      'resnet-bottleneck',
      { hidden_sizes: [2, 32] },
      'config.json:1: hidden_sizes: leaves no channels for the inside of a bottleneck',
    ],
    [
      'resnet-basic',
      { depths: Array(17).fill(1), hidden_sizes: Array(17).fill(8) },
      'config.json:1: hidden_sizes: Too big',
    ],
  ])('%s with %j', async (model, changes, message) => {
    copy(model, changes);
    expect(await refusal()).toContain(message);
  });

  it('is missing, or no JSON', async () => {
    expect(await refusal()).toContain('config.json: ');
    copy('vit');
    writeFileSync(place('config.json'), '{"model_type": "vit",');
    expect(await refusal()).toContain('config.json:1: invalid JSON');
  });

  it('does not fit the images', async () => {
    copy('dinov2-resized', {}, { crop_size: 3 });
    expect(await refusal()).toContain('config.json: patch_size: images of 3×3 pixels hold no patch of 4×4');
  });
});

describe('the weights', () => {
  it('are missing, truncated or none', async () => {
    copy('vit');
    rmSync(place('model.safetensors'));
    expect(await refusal()).toContain('folder: no model.safetensors in this folder');
    copy('vit');
    truncateSync(place('model.safetensors'), 20_000);
    expect(await refusal()).toContain('model.safetensors: ');
    writeFileSync(place('model.safetensors'), 'a page of a web server');
    expect(await refusal()).toContain('not safetensors, or truncated');
  });

  it('lack a tensor', async () => {
    copy('resnet-basic');
    await changeTensors((tensors) =>
      tensors.delete('resnet.encoder.stages.1.layers.0.shortcut.normalization.running_var'),
    );
    expect(await refusal()).toBe(
      'folder: its weights have no tensor resnet.encoder.stages.1.layers.0.shortcut.normalization.running_var, which config.json asks for',
    );
  });

  it('have one of two heads', async () => {
    copy('deit-teacher');
    await changeTensors((tensors) => {
      for (const name of ['weight', 'bias']) tensors.delete(`distillation_classifier.${name}`);
    });
    expect(await refusal()).toContain('no tensor distillation_classifier.weight');
  });

  it('have two heads for different classes', async () => {
    copy('deit-teacher');
    await changeTensors((tensors) =>
      tensors.set('distillation_classifier.weight', float32([4, 32], new Float32Array(128))),
    );
    expect(await refusal()).toContain('distillation_classifier.weight: is [4, 32], but config.json makes it [5, 32]');
  });
});

/** Values that mean something to some reader of a config: bounds, other types, sizes of the other fields. */
const VALUES: readonly unknown[] = [
  ...[0, -0, 1, -1, 2, 3, 4, 5, 8, 16, 31, 32, 33, 48, 64, 96, 255, 1.5, 1e-300, 1e308, 2 ** 31, 2 ** 53, 65_536],
  ...[null, true, false, '', '0', 'gelu', 'relu', 'silu', 'basic', 'bottleneck', 'constructor', '__proto__', '\n'],
  ...[[], [0], [1], [32, 32], [16, 32], [8, 12, 16], [1, 2, 1], Array(50).fill(1), {}, { 0: 'a' }, { height: 32 }],
];

/** A config with up to three fields removed or replaced; every fourth has some of its text changed instead. */
function mutated(config: Json, random: Random): string {
  const text = JSON.stringify(config);
  if (random.int(4) === 0) {
    const at = random.int(text.length);
    const put = '0123456789"{}[],:.-e'.charAt(random.int(20));
    return text.slice(0, at) + put + text.slice(at + random.int(3));
  }
  const fields = Object.keys(config);
  const changed = { ...config };
  for (let change = 0; change <= random.int(3); change++) {
    const field = fields[random.int(fields.length)]!;
    changed[field] = random.int(8) === 0 ? undefined : VALUES[random.int(VALUES.length)];
  }
  return JSON.stringify(changed);
}

it('opens or refuses 10 000 mutated configs', async () => {
  const outcomes = { opened: 0, refused: 0 };
  for (const model of ['vit', 'dinov2-swiglu', 'deit-teacher', 'resnet-bottleneck']) {
    copy(model);
    const random = new Random(5).fork(model);
    const config = JSON.parse(readFileSync(place('config.json'), 'utf8')) as Json;
    for (let count = 0; count < 2500; count++) {
      const text = mutated(config, random);
      // A new file: some file systems flush one that is overwritten to the disk.
      rmSync(place('config.json'));
      writeFileSync(place('config.json'), text);
      try {
        await openTransformers(folder);
        outcomes.opened += 1;
      } catch (error) {
        if (!(error instanceof InputError)) throw new Error(text, { cause: error });
        expect(error.message).not.toContain('\n');
        outcomes.refused += 1;
      }
    }
  }
  // Both happen often, so the mutations are neither harmless nor all fatal.
  expect(outcomes.opened).toBeGreaterThan(1000);
  expect(outcomes.refused).toBeGreaterThan(2000);
});
