/**
 * Hugging Face models against what PyTorch computed in float64: logits of the base, of adapters that peft saved, and the gradient of
 * every trained tensor through the graph of a training step, as ONNX Runtime runs it.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import { createGraph } from '../../src/graph/registry.ts';
import { float32 } from '../../src/graph/tensor.ts';
import { adapt } from '../../src/lora/adapt.ts';
import { mergeIntoBase } from '../../src/lora/merge-base.ts';
import { readAdapter } from '../../src/lora/read-adapter.ts';
import { activation } from '../../src/models/transformers/activations.ts';
import type { ActivationName } from '../../src/models/transformers/activations.ts';
import { FAMILIES } from '../../src/models/transformers/families.ts';
import { openTransformers } from '../../src/models/transformers/open.ts';
import { loraSchema } from '../../src/shared/job.ts';
import { checkAdapter, checkBase, checkEncoder, LOGIT_TOLERANCE } from './transformers-checks.ts';
import {
  adaptersOf,
  distance,
  logitsOf,
  readAdapterGolden,
  readGolden,
  readTensors,
} from './transformers-reference.ts';

const MODELS = resolve(import.meta.dirname, '../fixtures/models');
const models = readdirSync(MODELS).filter((name) =>
  ['config.json', 'golden.json'].every((file) => existsSync(join(MODELS, name, file))),
);

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'lowrank-transformers-'));
});
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

it('has reference models of every family', async () => {
  const bases = await Promise.all(models.map((name) => openTransformers(join(MODELS, name))));
  expect(new Set(bases.map(({ family }) => family))).toEqual(new Set(FAMILIES.flatMap(({ modelTypes }) => modelTypes)));
});

describe.each(models)('%s', (name) => {
  const directory = join(MODELS, name);

  it("gives transformers' logits", () => checkBase(directory));

  it.each(adaptersOf(directory))("gives peft's logits, loss and gradients with the adapter %s", (adapter) =>
    checkAdapter(directory, join(directory, 'adapters', adapter)),
  );
});

const VIT = join(MODELS, 'vit');

describe('the names of transformers 4 and 5', () => {
  it.each(['vit', 'vit-v5'])('an adapter of either fits the file %s', async (name) => {
    const base = await openTransformers(join(MODELS, name));
    const { pixelValues } = readGolden(VIT);
    const { logits } = readAdapterGolden(join(VIT, 'adapters/lora'));
    for (const adapter of ['lora', 'lora-v4']) {
      // The record of neither tells a sha256, so both files count as the same base.
      const merged = mergeIntoBase(base, readAdapter(join(VIT, 'adapters', adapter)), adapter);
      expect(distance(await logitsOf(merged.graph, pixelValues), logits), adapter).toBeLessThan(LOGIT_TOLERANCE);
    }
  });

  it.each([
    ['vit', ['query', 'value'], ['q_proj', 'v_proj']],
    ['vit-v5', ['encoder.layer.1.attention.output.dense'], ['layers.1.attention.o_proj']],
    ['vit', ['intermediate.dense'], ['fc1']],
    ['dinov2-swiglu', ['attention.query', 'weights_out'], ['q_proj', 'down_proj']],
    ['deit-teacher', ['dense', 'key'], ['o_proj', 'fc1', 'fc2', 'k_proj']],
  ])('%s: %j are the same layers as %j', async (name, older, today) => {
    const base = await openTransformers(join(MODELS, name));
    const classes = ['a', 'b'];
    const chosen = (targetModules: string[]): string[] =>
      adapt(base, { method: 'lora', lora: { ...loraSchema.parse({}), rank: 2, targetModules }, classes })
        .targets.map(({ module }) => module.path)
        .sort();
    expect(chosen(older)).toEqual(chosen(today));
    expect(chosen(older).length).toBeGreaterThan(0);
  });
});

describe('a bare encoder', () => {
  it('takes the head of a classifier and becomes it', async () => {
    const directory = join(scratch, 'encoder');
    cpSync(VIT, directory, { recursive: true });
    const stored = readTensors(join(VIT, 'model.safetensors'));
    const encoder = [...stored].filter(([name]) => name.startsWith('vit.'));
    const bare = new Map(encoder.map(([name, tensor]) => [name.slice('vit.'.length), tensor]));
    await writeSafetensors(join(directory, 'model.safetensors'), bare);

    await checkEncoder(directory, VIT);
  });
});

describe('hidden_act', () => {
  const tanhGelu = (x: number): number => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
  // Φ at the points below, from tables of the normal distribution.
  const PHI = new Map([
    [-4, 3.167124e-5],
    [-1, 0.158655254],
    [0, 0.5],
    [0.5, 0.691462461],
    [7, 1],
  ]);
  const formulas: Record<ActivationName, (x: number) => number> = {
    gelu: (x) => x * PHI.get(x)!,
    gelu_python: (x) => x * PHI.get(x)!,
    gelu_new: tanhGelu,
    gelu_fast: tanhGelu,
    gelu_accurate: tanhGelu,
    gelu_pytorch_tanh: tanhGelu,
    gelu_python_tanh: tanhGelu,
    quick_gelu: (x) => x * logistic(1.702 * x),
    relu: (x) => Math.max(x, 0),
    relu6: (x) => Math.min(Math.max(x, 0), 6),
    silu: (x) => x * logistic(x),
    swish: (x) => x * logistic(x),
    hardswish: (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
    sigmoid: logistic,
    tanh: Math.tanh,
    linear: (x) => x,
  };

  it.each(Object.entries(formulas))('%s', async (name, formula) => {
    const graph = createGraph();
    const points = [...PHI.keys()];
    graph.output('y', activation(name as ActivationName, graph.input('x', [points.length])));
    const program = await onnxRuntimeCpu.compile(graph);
    const { y } = await program.run({ x: float32([points.length], points) });
    await program.release();
    // A few units in the last place of numbers up to 7.
    expect(distance(y!, float32([points.length], points.map(formula)))).toBeLessThan(2e-6);
  });
});
