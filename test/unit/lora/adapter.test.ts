import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openSafetensors, writeSafetensors } from '../../../src/formats/safetensors.ts';
import { float32, type Tensor } from '../../../src/graph/tensor.ts';
import { type Adapter, type AdapterLayer, checkBase, PLAIN_CONFIG, renamed } from '../../../src/lora/adapter.ts';
import { readAdapter } from '../../../src/lora/read-adapter.ts';
import { writeAdapter } from '../../../src/lora/write-adapter.ts';
import { CASES, folderOf, golden } from './golden.ts';
import { adapterOf } from './layers.ts';

let temp: string;
let folder: string;
beforeAll(() => {
  temp = mkdtempSync(join(tmpdir(), 'lowrank-adapter-'));
});
afterAll(() => {
  rmSync(temp, { recursive: true });
});
beforeEach(() => {
  folder = mkdtempSync(join(temp, 'case-'));
});

const configOf = (directory: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(directory, 'adapter_config.json'), 'utf8')) as Record<string, unknown>;

const filled = (shape: number[], value = 0.5): Tensor<'float32'> =>
  float32(shape, new Float32Array(shape.reduce((a, b) => a * b)).fill(value));

const linearLayer = (rank: number, alpha = 4): AdapterLayer => ({
  kind: 'linear',
  A: filled([rank, 6]),
  B: filled([5, rank]),
  rank,
  alpha,
  scale: alpha / rank,
});

describe('reading what peft wrote', () => {
  it('works out rank, alpha and scale of each layer from the patterns', () => {
    const { adapter } = golden('patterns');
    const told = Object.fromEntries(
      [...adapter.layers].map(([path, { kind, rank, alpha, scale }]) => [path, [kind, rank, alpha, scale]]),
    );
    expect(told).toEqual({
      words: ['embedding', 2, 6, 3],
      stem: ['conv2d', 1, 6, 6],
      point: ['conv2d', 2, 6, 3],
      'block.0.q': ['linear', 2, 4, 2],
      'block.0.v': ['linear', 2, 4, 2],
      'block.1.q': ['linear', 2, 4, 2],
      'block.1.v': ['linear', 3, 4, 4 / 3],
    });
    expect([...adapter.saved].map(([name, { shape }]) => [name, shape])).toEqual([
      ['classifier.1.bias', [3]],
      ['classifier.1.weight', [3, 5]],
    ]);
    expect(adapter.config.modulesToSave).toEqual(['classifier']);
    expect(adapter.warnings).toEqual([]);
  });

  it('scales by √r with rsLoRA and takes the magnitudes of DoRA', () => {
    expect(golden('rslora').adapter.layers.get('stem')!.scale).toBe(6 / Math.sqrt(4));
    const { adapter } = golden('dora');
    expect(adapter.layers.get('stem')!.magnitude!.shape).toEqual([1, 4, 1, 1]);
    expect(adapter.layers.get('words')!.magnitude!.shape).toEqual([6]);
  });
});

describe('writing', () => {
  it.each(CASES)('gives back what was read: %s', async (name) => {
    const { adapter } = golden(name);
    const copy = join(folder, 'copy');
    await writeAdapter(copy, adapter);
    const again = readAdapter(copy);
    const byPath = (layers: Adapter['layers']) => new Map([...layers].sort(([a], [b]) => (a < b ? -1 : 1)));
    expect(byPath(again.layers)).toEqual(byPath(adapter.layers));
    expect(again.saved).toEqual(adapter.saved);
    expect(again.config).toEqual(adapter.config);
    // The same keys and shapes as peft itself writes.
    const [ours, theirs] = [copy, folderOf(name)].map((directory) => {
      const file = openSafetensors(join(directory, 'adapter_model.safetensors'));
      const shapes = Object.fromEntries(file.names().map((key) => [key, file.info(key).shape]));
      file.close();
      return shapes;
    });
    expect(ours).toEqual(theirs);
  });

  it('lists full paths, the common rank and alpha, and the exceptions', async () => {
    const layers = {
      'vit.layers.0.q': linearLayer(2),
      'vit.layers.1.q': linearLayer(2),
      'vit.layers.1.v': linearLayer(3, 5),
    };
    await writeAdapter(join(folder, 'a'), adapterOf(layers));
    expect(configOf(join(folder, 'a'))).toMatchObject({
      peft_type: 'LORA',
      r: 2,
      lora_alpha: 4,
      rank_pattern: { 'vit.layers.1.v': 3 },
      alpha_pattern: { 'vit.layers.1.v': 5 },
      target_modules: Object.keys(layers),
      init_lora_weights: true,
      inference_mode: true,
    });
  });

  it('anchors what PEFT would take for another module too', async () => {
    const layers = { conv: linearLayer(3), 'a.conv': linearLayer(2), 'b.conv': linearLayer(2) };
    await writeAdapter(join(folder, 'a'), adapterOf(layers), { modules: [...Object.keys(layers), 'c.conv'] });
    const { rank_pattern: ranks, target_modules: targets } = configOf(join(folder, 'a'));
    expect(ranks).toEqual({ '^conv': 3 });
    expect(targets).toBe(String.raw`conv|a\.conv|b\.conv`);
    expect(readAdapter(join(folder, 'a')).layers.get('conv')!.rank).toBe(3);
  });

  it('saves a head alone under the word that PEFT has for it', async () => {
    const saved = new Map([['classifier.weight', filled([3, 5])]]);
    await writeAdapter(
      join(folder, 'a'),
      adapterOf({}, { saved, config: { ...PLAIN_CONFIG, modulesToSave: ['classifier'] } }),
    );
    expect(configOf(join(folder, 'a'))).toMatchObject({
      target_modules: 'dummy-target-modules',
      modules_to_save: ['classifier'],
    });
    expect(readAdapter(join(folder, 'a')).saved).toEqual(saved);
  });

  it('keeps base, classes and preprocessing, even where PEFT wrote the weights anew', async () => {
    const base = {
      name: 'google/vit',
      revision: 'abc',
      sha256: 'f'.repeat(64),
      fusedBatchNorm: false,
      architecture: 'ViT',
    };
    const task = { classNames: ['ant', 'bee "x"\n'], newHead: true };
    await writeAdapter(join(folder, 'a'), adapterOf({ q: linearLayer(2) }, { base, task }));
    expect(readAdapter(join(folder, 'a'))).toMatchObject({ base, task });
    expect(configOf(join(folder, 'a'))).toMatchObject({ base_model_name_or_path: 'google/vit', revision: 'abc' });
    const weights = join(folder, 'a', 'adapter_model.safetensors');
    const file = openSafetensors(weights);
    const tensors = new Map(file.names().map((name) => [name, file.read(name)]));
    file.close();
    await writeSafetensors(weights, tensors, { format: 'pt' });
    expect(readAdapter(join(folder, 'a'))).toMatchObject({ base, task });
  });

  it('halves the file as float16', async () => {
    await writeAdapter(join(folder, 'a'), adapterOf({ q: linearLayer(2) }), { dtype: 'float16' });
    const again = readAdapter(join(folder, 'a'));
    expect(again.dtype).toBe('float16');
    expect(again.layers.get('q')!.A).toEqual(filled([2, 6]));
  });

  it('replaces an adapter, and nothing else', async () => {
    const target = join(folder, 'a');
    await writeAdapter(target, adapterOf({ q: linearLayer(2) }));
    await writeAdapter(target, adapterOf({ q: linearLayer(3) }));
    expect(readAdapter(target).layers.get('q')!.rank).toBe(3);
    writeFileSync(join(target, 'thesis.txt'), 'mine');
    await expect(writeAdapter(target, adapterOf({ q: linearLayer(2) }))).rejects.toThrow('holds thesis.txt');
    expect(existsSync(join(target, 'thesis.txt'))).toBe(true);
    await expect(writeAdapter(join(target, 'thesis.txt'), adapterOf({ q: linearLayer(2) }))).rejects.toThrow(
      'is a file, or below one',
    );
  });

  it('refuses an adapter that belongs to a changed base', async () => {
    const pissa = adapterOf({ q: linearLayer(2) }, { config: { ...PLAIN_CONFIG, init: 'pissa_niter_4' } });
    await expect(writeAdapter(join(folder, 'a'), pissa)).rejects.toThrow(
      'init_lora_weights: the adapter belongs to a base changed by pissa',
    );
    expect(existsSync(join(folder, 'a'))).toBe(false);
  });
});

/** Writes an adapter with these tensors and config, as some older or broken program would. */
async function written(tensors: Record<string, Tensor>, config: Record<string, unknown> = {}): Promise<string> {
  await writeSafetensors(join(folder, 'adapter_model.safetensors'), new Map(Object.entries(tensors)));
  const whole = { peft_type: 'LORA', r: 2, lora_alpha: 4, target_modules: ['q'], ...config };
  writeFileSync(join(folder, 'adapter_config.json'), JSON.stringify(whole));
  return folder;
}

describe('other names of the same tensors', () => {
  const [A, B] = [filled([2, 6]), filled([5, 2])];

  it.each([
    ['base_model.model.q.lora_A.weight', 'base_model.model.q.lora_B.weight'],
    ['base_model.model.q.lora_A.default.weight', 'base_model.model.q.lora_B.default.weight'],
    ['q.lora_A.weight', 'q.lora_B.weight'],
    ['base_model.model._orig_mod.q.lora_A.weight', 'base_model.model._orig_mod.q.lora_B.weight'],
  ])('%s', async (a, b) => {
    expect(readAdapter(await written({ [a]: A, [b]: B })).layers.get('q')).toMatchObject({
      kind: 'linear',
      A,
      B,
      rank: 2,
    });
  });

  it.each([
    ['w.lora_embedding_A', 'w.lora_embedding_B', 'w.lora_magnitude_vector'],
    ['w.lora_embedding_A.default', 'w.lora_embedding_B.default', 'w.lora_magnitude_vector.default'],
    ['w.lora_embedding_A.weight', 'w.lora_embedding_B.weight', 'w.lora_magnitude_vector.default.weight'],
  ])('%s', async (a, b, m) => {
    const adapter = readAdapter(await written({ [a]: A, [b]: B, [m]: filled([5]) }, { use_dora: true }));
    expect(adapter.layers.get('w')).toMatchObject({ kind: 'embedding', A, B, magnitude: filled([5]) });
  });

  it('finds a saved head under each of its names, and drops the frozen original', async () => {
    const adapter = readAdapter(
      await written(
        {
          'base_model.model.classifier.modules_to_save.default.1.weight': A,
          'base_model.model.classifier.original_module.1.weight': B,
          'base_model.model.score.modules_to_save.bias': B,
          'base_model.model.q.base_layer.bias': B,
        },
        { modules_to_save: ['classifier', 'score', 'pooler'] },
      ),
    );
    expect([...adapter.saved.keys()].sort()).toEqual(['classifier.1.weight', 'q.bias', 'score.bias']);
    expect(adapter.warnings).toEqual(['modules_to_save names pooler, but no tensor of it was saved']);
  });

  it('renames modules by a rule of the base', () => {
    const { adapter } = golden('patterns');
    const other = renamed(adapter, (path) =>
      path.startsWith('classifier') ? path.replace('classifier', 'head') : undefined,
    );
    expect([...other.saved.keys()]).toEqual(['head.1.bias', 'head.1.weight']);
    expect(other.config.modulesToSave).toEqual(['head']);
    expect([...other.layers.keys()]).toEqual([...adapter.layers.keys()]);
  });
});

describe('a broken adapter is told in one line', () => {
  const [A, B] = [filled([2, 6]), filled([5, 2])];
  const good = { 'base_model.model.q.lora_A.weight': A, 'base_model.model.q.lora_B.weight': B };

  it.each([
    [good, { peft_type: 'ADALORA' }, /adapter_config\.json:1: peft_type: is "ADALORA"; only LORA is supported$/],
    [good, { peft_type: undefined }, /peft_type: is missing; only LORA is supported$/],
    [
      good,
      { lora_alpha: undefined },
      /adapter_config\.json: lora_alpha: is missing, so the scale of the adapter is unknown/,
    ],
    [good, { lora_alpha: -1 }, /lora_alpha: /],
    [good, { r: 0 }, /: r: /],
    [good, { r: 4 }, /A of q has rank 2, adapter_config\.json says 4$/],
    [good, { rank_pattern: { '(q+)+': 2 } }, /rank_pattern.*repeats a group/],
    [good, { lora_bias: true }, /lora_bias: a bias of B is not supported$/],
    [good, { target_parameters: ['w'] }, /target_parameters: LoRA on bare parameters is not supported$/],
    [good, { use_dora: true }, /has no lora_magnitude_vector for q$/],
    [{ ...good, 'q.lora_A.other.weight': A }, {}, /holds this tensor twice/],
    [
      { ...good, 'base_model.model.q.lora_B.bias': B },
      {},
      /q\.lora_B\.bias: a kind of adapter tensor that is not supported$/,
    ],
    [{ 'q.lora_A.weight': A }, {}, /has no lora_B for q$/],
    [{ 'q.lora_A.weight': A, 'q.lora_B.weight': A }, {}, /A \[2, 6\] and B \[2, 6\] do not fit together in q$/],
    [
      { 'q.lora_A.weight': filled([2, 6, 3]), 'q.lora_B.weight': filled([5, 2, 1]) },
      {},
      /of no linear, 2-D convolution or embedding layer in q$/,
    ],
    [{ 'q.lora_A.weight': filled([2, 0]), 'q.lora_B.weight': filled([5, 2]) }, {}, /are empty in q$/],
    [{}, {}, /holds neither LoRA nor saved modules$/],
  ] as [Record<string, Tensor>, Record<string, unknown>, RegExp][])('%#', async (tensors, config, message) => {
    const directory = await written(tensors, config);
    expect(() => readAdapter(directory)).toThrow(message);
    expect(() => readAdapter(directory)).toThrow(expect.objectContaining({ name: 'InputError' }));
  });

  it('takes an alpha for granted only to look at the adapter', async () => {
    const adapter = readAdapter(await written(good, { lora_alpha: undefined }), { assumeAlpha: true });
    expect(adapter.layers.get('q')!.alpha).toBe(8);
    expect(adapter.warnings).toEqual(["lora_alpha is missing: the scale is told with PEFT's default of 8"]);
  });

  it('refuses a pickle, a missing file and a newer record', async () => {
    expect(() => readAdapter(join(folder, 'none'))).toThrow(/adapter_config\.json: no such file/);
    await written(good);
    writeFileSync(join(folder, 'lowrank.json'), JSON.stringify({ version: 2, base: {} }));
    expect(() => readAdapter(folder)).toThrow('written by a newer version of Lowrank');
    rmSync(join(folder, 'adapter_model.safetensors'));
    expect(() => readAdapter(folder)).toThrow(/adapter_model\.safetensors: no such file/);
    writeFileSync(join(folder, 'adapter_model.bin'), '');
    expect(() => readAdapter(folder)).toThrow(/adapter_model\.bin: is a pickle/);
  });

  it('ignores fields of later versions, and magnitudes that PEFT ignores', async () => {
    const adapter = readAdapter(
      await written({ ...good, 'q.lora_magnitude_vector': filled([5]) }, { use_the_force: true, runtime_config: {} }),
    );
    expect(adapter.layers.get('q')!.magnitude).toBeUndefined();
    expect(adapter.warnings[0]).toMatch(/magnitudes, but use_dora is false/);
  });
});

describe('checkBase', () => {
  const adapter = adapterOf(
    { q: linearLayer(2) },
    { base: { name: 'm', sha256: 'a'.repeat(64), fusedBatchNorm: true } },
  );

  it('refuses other weights and another BatchNorm, and does not guess what is unknown', () => {
    expect(() => {
      checkBase(adapter, { sha256: 'b'.repeat(64) });
    }).toThrow('trained on other weights (m): sha256 aaaaaaaaaaaa…');
    expect(() => {
      checkBase(adapter, { fusedBatchNorm: false }, 'dir');
    }).toThrow('dir: the adapter was trained on a base (m) with fused BatchNorm');
    expect(() => {
      checkBase(adapter, { sha256: 'a'.repeat(64), fusedBatchNorm: true });
    }).not.toThrow();
    expect(() => {
      checkBase(adapter, {});
    }).not.toThrow();
  });
});
