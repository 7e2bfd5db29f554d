/**
 * Every Hugging Face family against PyTorch, transformers and peft, on models that `make_hf.py` makes anew: what the integration tests
 * check on a few of them, full fine-tuning, files of other kinds; and adapters written here, which peft loads onto the same base.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import { float32, sizeOf } from '../../src/graph/tensor.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { mergeIntoBase } from '../../src/lora/merge-base.ts';
import { initialise, toAdapter } from '../../src/lora/state.ts';
import { readTrained, writeTrained } from '../../src/lora/trained.ts';
import { moduleNodes } from '../../src/models/base.ts';
import { FAMILIES } from '../../src/models/transformers/families.ts';
import { openTransformers } from '../../src/models/transformers/open.ts';
import { jobSchema } from '../../src/shared/job.ts';
import type { LoraOptions } from '../../src/shared/job.ts';
import { Random } from '../../src/shared/random.ts';
import {
  checkAdapter,
  checkBase,
  checkEncoder,
  checkFullGradients,
  LOGIT_TOLERANCE,
} from '../integration/transformers-checks.ts';
import { adaptersOf, distance, logitsOf, readGolden, runStep } from '../integration/transformers-reference.ts';
import { runPython } from './python.ts';

const folder = mkdtempSync(join(tmpdir(), 'lowrank-parity-transformers-'));
// Not in a hook: which tests there are depends on the models that are made.
await runPython('make_hf.py', ['--out', folder]);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Models that have goldens of their own, gradients of full fine-tuning among them. */
const MODELS = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'gradients.safetensors')));

it('has reference models of every family', async () => {
  const bases = await Promise.all(MODELS.map((name) => openTransformers(join(folder, name))));
  expect(new Set(bases.map(({ family }) => family))).toEqual(new Set(FAMILIES.flatMap(({ modelTypes }) => modelTypes)));
});

describe.each(MODELS)('%s', (model) => {
  it("gives transformers' logits", () => checkBase(join(folder, model)));

  it("gives PyTorch's gradients of full fine-tuning", () => checkFullGradients(join(folder, model)));

  it("gives peft's logits, loss and gradients with its adapters", async () => {
    const adapters = adaptersOf(join(folder, model));
    expect(adapters).toContain('lora');
    for (const adapter of adapters) await checkAdapter(join(folder, model), join(folder, model, 'adapters', adapter));
  });
});

describe('other files of the same model', () => {
  it.each([
    ['vit-v5', 'vit'],
    ['vit-sharded', 'vit'],
    ['vit-bf16', 'vit-bf16'],
    ['vit-fp16', 'vit-fp16'],
  ])('%s', (model, goldens) => checkBase(join(folder, model), join(folder, goldens)));

  it('the bare encoder', () => checkEncoder(join(folder, 'vit-backbone'), join(folder, 'vit')));
});

interface Request {
  readonly base: string;
  readonly pixels: string;
  readonly adapter?: string;
  readonly classes?: number;
}

interface Answer {
  readonly logits: number[][];
  readonly adapted: string[];
  readonly missing: string[];
  readonly unexpected: string[];
  readonly warnings: string[];
}

async function ask(requests: readonly Request[]): Promise<Answer[]> {
  const file = join(folder, 'requests.json');
  writeFileSync(file, JSON.stringify(requests));
  return JSON.parse(await runPython('transformers_logits.py', [file])) as Answer[];
}

const matrix = (rows: readonly (readonly number[])[]): Tensor<'float32'> =>
  float32([rows.length, rows[0]!.length], rows.flat());

it('positions of DINOv2 resized to an oblong of patches', async () => {
  const base = join(folder, 'dinov2-oblong');
  cpSync(join(folder, 'dinov2-resized'), base, { recursive: true });
  const file = join(base, 'preprocessor_config.json');
  const processor = JSON.parse(readFileSync(file, 'utf8')) as object;
  // 3 × 7 patches, and a rest of 2 and 1 pixels.
  writeFileSync(file, JSON.stringify({ ...processor, crop_size: { height: 14, width: 29 } }));
  const shape = [2, 3, 14, 29];
  const random = new Random(4);
  const pixels = float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
  );
  await writeSafetensors(join(base, 'pixels.safetensors'), new Map([['pixel_values', pixels]]));

  const [answer] = await ask([{ base, pixels: join(base, 'pixels.safetensors') }]);
  const { graph } = await openTransformers(base);
  expect(distance(await logitsOf(graph, pixels), matrix(answer!.logits))).toBeLessThan(LOGIT_TOLERANCE);
  rmSync(base, { recursive: true });
});

describe('adapters written here', () => {
  const CASES: readonly (readonly [model: string, variant: string, options: Partial<LoraOptions>, classes?: number])[] =
    [
      ['vit', 'lora', {}],
      ['vit', 'new head', {}, 3],
      ['vit', 'rslora', { useRslora: true }],
      ['vit', 'dora', { useDora: true }],
      ['vit', 'patterns', { rankPattern: { q_proj: 2, '1.mlp.fc2': 6 }, alphaPattern: { 'layers.0.*': 9 } }],
      ['vit', 'pissa', { init: 'pissa', targetModules: ['q_proj', 'v_proj', 'fc1'] }],
      [
        'vit',
        'pissa rslora dora',
        { init: 'pissa', useRslora: true, useDora: true, targetModules: ['q_proj', 'fc1'] },
        7,
      ],
      ['vit', 'modules to save', { modulesToSave: ['layernorm', 'layers.1.mlp.fc1'], layersToTransform: [1] }],
      ['vit', 'old names', { targetModules: ['query', 'value'], init: 'gaussian' }],
      ['vit-oblong', 'lora', {}],
      ['deit', 'lora', { targetModules: '.*(q_proj|v_proj)' }],
      ['deit-teacher', 'two heads', {}],
      ['deit-teacher', 'two new heads', { useRslora: true }, 4],
      ['dinov2-swiglu', 'lora', {}, 6],
      ['dinov2-enlarged', 'dora', { useDora: true }],
      ['resnet-basic', 'lora', {}],
      ['resnet-basic', 'new head', { rank: 2 }, 3],
      ['resnet-basic', 'patterns', { rankPattern: { 'layer.0.convolution': 2 }, alphaPattern: { 'stages.1.*': 9 } }],
      ['resnet-bottleneck', 'rslora', { useRslora: true }],
      ['resnet-downsample', 'dora', { useDora: true }],
    ];

  it('give the same logits in peft, in the training step and merged', async () => {
    const made = [];
    for (const [index, [model, variant, options, classes = 5]] of CASES.entries()) {
      const directory = join(folder, `ours-${index}`);
      made.push({
        name: `${model}, ${variant}`,
        ...(await makeAdapter(join(folder, model), directory, options, classes)),
      });
    }
    const answers = await ask(made.map(({ request }) => request));
    for (const [index, { name, targets, trained, merged }] of made.entries()) {
      const { logits, ...rest } = answers[index]!;
      expect(rest, name).toEqual({ adapted: targets, missing: [], unexpected: [], warnings: [] });
      expect(distance(trained, matrix(logits)), name).toBeLessThan(LOGIT_TOLERANCE);
      expect(distance(merged, matrix(logits)), name).toBeLessThan(LOGIT_TOLERANCE);
    }
  });

  /** An adapter as a run leaves it: started as its job says, every value moved, written with its head. */
  async function makeAdapter(model: string, directory: string, options: Partial<LoraOptions>, count: number) {
    const base = await openTransformers(model);
    const golden = readGolden(model);
    const classes =
      count === golden.classNames.length ? golden.classNames : Array.from({ length: count }, (_, i) => `c${i}`);
    const lora = { rank: 4, alpha: 6, ...options };
    const job = jobSchema.parse({ data: '.', base: model, lora });
    const initial = initialise(base, job, classes);
    const random = new Random(9);
    const values = new Map(
      [...initial.values].map(([name, { shape, data }]) => [
        name,
        float32(
          shape,
          data.map((value) => value + 0.05 * random.normal()),
        ),
      ]),
    );
    const { logits: trained } = await runStep(initial.adapted, values, golden, base.preprocessing);
    const adapter = toAdapter(initial, values, { base, job, classes });
    await writeTrained(directory, adapter, { method: 'lora', modules: [...moduleNodes(base.graph).keys()] });
    const merged = mergeIntoBase(base, readTrained(directory), directory);
    return {
      targets: initial.adapted.targets.map(({ module }) => module.path).sort(),
      trained,
      merged: await logitsOf(merged.graph, golden.pixelValues),
      request: { base: model, adapter: directory, pixels: join(model, 'golden.safetensors'), classes: count },
    };
  }
});
