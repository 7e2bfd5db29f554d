/**
 * Adapters between Lowrank and peft, both ways, on ViT and ResNet of transformers: what is written here loads in peft and gives
 * the logits of our own merged weights; what peft trained is read, merged here, and gives peft's logits.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { asFloat32, openSafetensors, writeSafetensors } from '../../src/formats/safetensors.ts';
import { float32, type Tensor } from '../../src/graph/tensor.ts';
import { type Adapter, type AdapterLayer, PLAIN_CONFIG } from '../../src/lora/adapter.ts';
import { combine } from '../../src/lora/combine.ts';
import { fromPissa, initialLayer } from '../../src/lora/init.ts';
import { mergedWeight } from '../../src/lora/merge.ts';
import { readAdapter } from '../../src/lora/read-adapter.ts';
import { resize } from '../../src/lora/resize.ts';
import { resolveTargets } from '../../src/lora/targets.ts';
import { writeAdapter } from '../../src/lora/write-adapter.ts';
import type { AdaptableModule } from '../../src/shared/adaptable-module.ts';
import { type LoraOptions, loraSchema } from '../../src/shared/job.ts';
import { Random } from '../../src/shared/random.ts';
import { adapterOf, randomLayer } from '../unit/lora/layers.ts';
import { runPython } from './python.ts';

type BaseName = 'vit' | 'resnet';
interface Base {
  readonly modules: AdaptableModule[];
  readonly weights: ReadonlyMap<string, Tensor<'float32'>>;
}
const HEADS = { vit: 'classifier', resnet: 'classifier.1' } as const;

/** Logits of order one through a few float32 layers; torch sums in another order. The contract of the issue is 1e-4. */
const TOLERANCE = 2e-5;

let folder: string;
const bases = new Map<BaseName, Base>();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lowrank-parity-lora-'));
  await runPython('lora_bases.py', [folder]);
  for (const name of ['vit', 'resnet'] as const) {
    const file = openSafetensors(join(folder, `${name}.safetensors`));
    const weights = new Map(file.names().map((key) => [key, asFloat32(file.read(key))]));
    file.close();
    bases.set(name, {
      modules: JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as AdaptableModule[],
      weights,
    });
  }
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Moves every element, as training would. */
function moved(tensor: Tensor<'float32'>, random: Random): Tensor<'float32'> {
  return float32(
    tensor.shape,
    tensor.data.map((value) => value + 0.1 * random.normal()),
  );
}

function trainedLayer(start: AdapterLayer, random: Random): AdapterLayer {
  return {
    ...start,
    A: moved(start.A, random),
    B: moved(start.B, random),
    ...(start.magnitude && { magnitude: moved(start.magnitude, random) }),
  };
}

interface Made {
  readonly adapter: Adapter;
  readonly adapted: readonly string[];
  /** What the model computes with in the end. */
  readonly merged: ReadonlyMap<string, Tensor>;
}

/** An adapter as a run would leave it, with a new head for `classes` classes. */
function made(name: BaseName, given: Partial<LoraOptions>, classes = 5): Made {
  const { modules, weights } = bases.get(name)!;
  const options = { ...loraSchema.parse({}), rank: 4, alpha: 6, ...given };
  const random = new Random(11);
  const head = HEADS[name];
  const { targets } = resolveTargets(modules, options, { head: [head], saved: [head] });
  const layers = new Map<string, AdapterLayer>();
  const merged = new Map<string, Tensor>();
  for (const target of targets) {
    const { path } = target.module;
    const weight = weights.get(`${path}.weight`)!;
    const { layer: start, residual } = initialLayer(target, options, random, () => weight);
    const trained = trainedLayer(start, random);
    merged.set(`${path}.weight`, mergedWeight(residual ?? weight, trained, path));
    layers.set(path, residual ? fromPissa(trained, start, options.useRslora) : trained);
  }
  const width = weights.get(`${head}.weight`)!.shape[1]!;
  const saved = new Map<string, Tensor<'float32'>>([
    [`${head}.weight`, moved(float32([classes, width], new Float32Array(classes * width)), random)],
    [`${head}.bias`, moved(float32([classes], new Float32Array(classes)), random)],
  ]);
  for (const [key, tensor] of saved) merged.set(key, tensor);
  const config = { ...PLAIN_CONFIG, useRslora: options.useRslora, useDora: options.useDora, modulesToSave: [head] };
  return {
    adapter: {
      config,
      layers,
      saved,
      base: { name },
      task: { classNames: Array.from({ length: classes }, String) },
      dtype: 'float32',
      warnings: [],
    },
    adapted: [...layers.keys()].sort(),
    merged,
  };
}

/** Only the head of it, as a run by `head` leaves it. */
function headAlone({ adapter }: Made): Made {
  return { adapter: { ...adapter, layers: new Map() }, adapted: [], merged: adapter.saved };
}

/** Our merged weights of any adapter. */
function mergedOf(name: BaseName, { layers, saved }: Adapter): Map<string, Tensor> {
  const { weights } = bases.get(name)!;
  const merged = new Map<string, Tensor>(saved);
  for (const [path, layer] of layers)
    merged.set(`${path}.weight`, mergedWeight(weights.get(`${path}.weight`)!, layer, path));
  return merged;
}

interface Loaded {
  adapter: string;
  difference: number;
  change: number | null;
  adapted: string[];
  missing: string[];
  unexpected: string[];
  warnings: string[];
}

async function loaded(cases: readonly (readonly [BaseName, string, string])[]): Promise<Loaded[]> {
  return JSON.parse(await runPython('lora_load.py', [folder, ...cases.flat()])) as Loaded[];
}

it('writes what peft loads onto ViT and ResNet, logits equal to our merged weights', async () => {
  const variants: [BaseName, string, Partial<LoraOptions>, number?][] = (['vit', 'resnet'] as const).flatMap((base) => [
    [base, 'plain', {}],
    [base, 'new-head', {}, 3],
    [base, 'rslora', { useRslora: true }],
    [base, 'dora', { useDora: true }],
  ]);
  variants.push(
    ['vit', 'patterns', { rankPattern: { q_proj: 2, '1.mlp.fc2': 3 }, alphaPattern: { 'layers.0.*': 9 } }],
    ['resnet', 'patterns', { rankPattern: { 'layer.0.convolution': 2 }, alphaPattern: { 'stages.1.*': 9 } }],
    ['vit', 'names', { targetModules: ['q_proj', 'v_proj'], layersToTransform: [1] }],
    ['vit', 'pissa', { targetModules: ['q_proj', 'fc1'], init: 'pissa' }],
    ['vit', 'pissa-dora-rslora', { targetModules: ['q_proj', 'fc1'], init: 'pissa', useDora: true, useRslora: true }],
    ['vit', 'gaussian', { init: 'gaussian' }],
  );
  const expected: Made[] = [];
  const cases: [BaseName, string, string][] = [];
  for (const [base, variant, given, classes] of variants) {
    const one = made(base, given, classes);
    const name = `ours-${base}-${variant}`;
    await writeAdapter(join(folder, name), one.adapter);
    await writeSafetensors(join(folder, `${name}.safetensors`), one.merged);
    expected.push(one);
    cases.push([base, name, `${name}.safetensors`]);
  }
  const head = headAlone(expected[0]!);
  await writeAdapter(join(folder, 'ours-head'), head.adapter);
  await writeSafetensors(join(folder, 'ours-head.safetensors'), head.merged);
  expected.push(head);
  cases.push(['vit', 'ours-head', 'ours-head.safetensors']);
  const outcomes = await loaded(cases);
  expect(outcomes).toHaveLength(variants.length + 1);
  for (const [i, { adapter, difference, change, adapted, missing, unexpected, warnings }] of outcomes.entries()) {
    expect(difference, adapter).toBeLessThan(TOLERANCE);
    if (change !== null) expect(change, adapter).toBeGreaterThan(0.01);
    expect(adapted, adapter).toEqual(expected[i]!.adapted);
    expect([missing, unexpected, warnings], adapter).toEqual([[], [], []]);
  }
});

it('reads, merges, resizes and combines what peft trained', async () => {
  const cases: [BaseName, string, string][] = [];
  for (const base of ['vit', 'resnet'] as const) {
    for (const variant of ['plain', 'rslora', 'dora', 'patterns']) {
      const name = `${base}-${variant}`;
      const adapter = readAdapter(join(folder, name));
      await writeSafetensors(join(folder, `${name}-merged.safetensors`), mergedOf(base, adapter));
      cases.push([base, name, `${name}-merged.safetensors`]);
    }
    const parts = ['plain', 'rslora'].map((variant, i) => ({
      adapter: readAdapter(join(folder, `${base}-${variant}`)),
      weight: i + 0.5,
      name: variant,
    }));
    const small = resize(readAdapter(join(folder, `${base}-patterns`)), { rank: 2 }).adapter;
    for (const [name, adapter] of [
      ['sum', combine(parts)],
      ['small', small],
    ] as const) {
      await writeAdapter(join(folder, `${base}-${name}`), adapter);
      await writeSafetensors(join(folder, `${base}-${name}.safetensors`), mergedOf(base, adapter));
      cases.push([base, `${base}-${name}`, `${base}-${name}.safetensors`]);
    }
  }
  for (const { adapter, difference, change, missing, unexpected, warnings } of await loaded(cases)) {
    expect(difference, adapter).toBeLessThan(TOLERANCE);
    expect(change, adapter).toBeGreaterThan(0.01);
    expect([missing, unexpected, warnings], adapter).toEqual([[], [], []]);
  }
});

it('reaches exactly its own modules in peft where one path ends as another does', async () => {
  const layers = { fc: randomLayer(1, { rank: 3 }), 'a.fc': randomLayer(2), 'b.fc': randomLayer(3) };
  const directory = join(folder, 'names');
  await writeAdapter(directory, adapterOf(layers), { modules: ['fc', 'a.fc', 'b.fc', 'c.fc'] });
  expect(JSON.parse(await runPython('lora_names.py', [directory]))).toEqual({ fc: 3, 'a.fc': 4, 'b.fc': 4 });
});
