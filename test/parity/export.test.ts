/** Exports in the hands of the programs they are for: Python's ONNX Runtime with switched adapters, onnx's checker, transformers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preprocess } from '../../src/data/preprocess.ts';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { exportModel } from '../../src/export/export-model.ts';
import type { ExportRequest } from '../../src/export/export-model.ts';
import { noiseImages, pixelsOf } from '../../src/export/pixels.ts';
import { openSafetensors } from '../../src/formats/safetensors.ts';
import { float32 } from '../../src/graph/tensor.ts';
import { readAdapter } from '../../src/lora/read-adapter.ts';
import { writeAdapter } from '../../src/lora/write-adapter.ts';
import { inputSize } from '../../src/shared/preprocessing.ts';
import type { Preprocessing } from '../../src/shared/preprocessing.ts';
import { expectClose } from '../close.ts';
import { drawn } from '../unit/data/drawn.ts';
import { runPython } from './python.ts';

const MODELS = join(import.meta.dirname, '../fixtures/models');
const CLASSES = ['ant', 'bee', 'cat', 'dog', 'eel'];
const NORMALISATION = { mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3] } satisfies Partial<Preprocessing>;
/** The promise of the issue. */
const TOLERANCE = 1e-4;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lowrank-parity-export-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(format: string, model: string, adapter: string, out: string, given: Partial<ExportRequest> = {}) {
  const base = join(MODELS, model);
  return exportModel({
    base,
    adapter: join(base, 'adapters', adapter),
    format,
    out: join(folder, out),
    engine: onnxRuntimeCpu,
    images: (preprocessing, count) => Promise.resolve(noiseImages(preprocessing, count)),
    ...given,
  });
}

const check = async (...args: string[]): Promise<unknown> => JSON.parse(await runPython('export_check.py', args));

function goldenLogits(model: string, adapter: string): Float32Array {
  const tensors = openSafetensors(join(MODELS, model, 'adapters', adapter, 'golden.safetensors'));
  try {
    return tensors.read('logits').data as Float32Array;
  } finally {
    tensors.close();
  }
}

/** peft's adapter with a head for three classes, as a run on another dataset leaves it. */
async function withThreeClasses(model: string, adapter: string): Promise<string> {
  const trained = readAdapter(join(MODELS, model, 'adapters', adapter));
  const saved = new Map(
    [...trained.saved].map(([name, { shape, data }]) => {
      const row = data.length / shape[0]!;
      return [name, float32([3, ...shape.slice(1)], (data as Float32Array).slice(0, 3 * row))] as const;
    }),
  );
  const out = join(folder, `${model}-${adapter}-three`);
  await writeAdapter(out, { ...trained, saved, task: { classNames: ['x', 'y', 'z'], newHead: true } });
  return out;
}

describe('ONNX Runtime in Python', () => {
  it.each([
    ['vit', 'lora', ['rslora', 'patterns', 'one-block']],
    ['resnet-basic', 'lora', ['patterns']],
    ['vit', 'dora', []],
  ])('switches the adapters of one base at run time: %s %s', async (model, first, others) => {
    const name = `switch-${model}-${first}`;
    for (const adapter of [first, ...others]) {
      await write('onnx-adapter', model, adapter, `${name}/${adapter}.onnx_adapter`);
      await write('onnx-fp32', model, adapter, `${name}/${adapter}.onnx`);
    }
    const three = await withThreeClasses(model, first);
    await write('onnx-adapter', model, first, `${name}/three.onnx_adapter`, { adapter: three });
    await write('onnx-fp32', model, first, `${name}/three.onnx`, { adapter: three });

    const adapters = [first, ...others, 'three'];
    const told = (await check('switch', join(folder, name), join(MODELS, model), ...adapters)) as {
      inputs: string[];
      alone: number;
      differences: Record<string, number[]>;
      parameters: Record<string, number>;
    };
    expect(told.inputs).toEqual(['pixel_values']);
    expect(told.alone).toBeLessThan(TOLERANCE);
    expect(Object.keys(told.differences).toSorted()).toEqual(adapters.toSorted());
    for (const differences of Object.values(told.differences)) {
      expect(differences).toHaveLength(2);
      for (const difference of differences) expect(difference).toBeLessThan(TOLERANCE);
    }
    for (const count of Object.values(told.parameters)) expect(count).toBeGreaterThan(2);
  });

  it.each([
    ['onnx-fp32', TOLERANCE],
    // See the limits of these formats.
    ['onnx-fp16', 2e-2],
    ['onnx-int8', 1],
  ])('runs %s, which onnx finds valid', async (format, tolerance) => {
    for (const model of ['vit', 'resnet-basic']) {
      const { files } = await write(format, model, 'lora', `${format}-${model}.onnx`);
      const { logits, names, opset } = (await check('onnx', join(MODELS, model), files[0]!)) as {
        logits: number[][];
        names: [number, string][];
        opset: [string, number][];
      };
      expectClose(logits.flat(), goldenLogits(model, 'lora'), tolerance);
      expect(names).toEqual(CLASSES.map((label, index) => [index, label]));
      expect(opset).toEqual([['', 20]]);
    }
  });
});

describe('transformers', () => {
  it('loads merged directories, logits equal to peft', async () => {
    // The second is the first under the names of transformers 5; its adapter and goldens serve both.
    const cases = [
      ['vit', 'vit', 'ViTForImageClassification'],
      ['vit-v5', 'vit', 'ViTForImageClassification'],
      ['resnet-basic', 'resnet-basic', 'ResNetForImageClassification'],
      ['resnet-bottleneck', 'resnet-bottleneck', 'ResNetForImageClassification'],
      ['dinov2-swiglu', 'dinov2-swiglu', 'Dinov2ForImageClassification'],
      ['dinov2-resized', 'dinov2-resized', 'Dinov2ForImageClassification'],
    ] as const;
    for (const [model, goldens] of cases) {
      await write('transformers', model, 'lora', `hf-${model}`, { adapter: join(MODELS, goldens, 'adapters/lora') });
    }
    const three = await withThreeClasses('vit', 'lora');
    await write('transformers', 'vit', 'lora', 'hf-three', { adapter: three });
    const folders = cases.map(([model, goldens]) => [`hf-${model}`, goldens]);
    const told = (await check(
      'transformers',
      ...[...folders, ['hf-three', 'vit']].flatMap(([out, goldens]) => [join(folder, out!), join(MODELS, goldens!)]),
    )) as { logits: number[] }[];
    for (const [index, [, goldens, className]] of cases.entries()) {
      expect(told[index]).toMatchObject({ class: className, labels: CLASSES, missing: [], mismatched: [] });
      expectClose(told[index]!.logits, goldenLogits(goldens, 'lora'), TOLERANCE);
    }
    expect(told.at(-1)).toMatchObject({ labels: ['x', 'y', 'z'], missing: [], mismatched: [] });
    const ofThree = goldenLogits('vit', 'lora').filter((_, index) => index % CLASSES.length < 3);
    expectClose(told.at(-1)!.logits, ofThree, TOLERANCE);
  });

  it('prepares images as the adapter was trained, where that is not how the base was', async () => {
    const crop = { height: 32, width: 32 };
    const variants: Pick<Preprocessing, 'resize' | 'crop' | 'interpolation'>[] = [
      { resize: { mode: 'exact', height: 32, width: 32 }, crop: null, interpolation: 'bicubic' },
      { resize: { mode: 'exact', height: 40, width: 36 }, crop, interpolation: 'bilinear' },
      { resize: { mode: 'shortest-edge', edge: 36 }, crop, interpolation: 'bicubic' },
    ];
    const image = drawn(57, 44);
    writeFileSync(join(folder, 'image.rgb'), image.data);
    const trained = readAdapter(join(MODELS, 'vit/adapters/rslora'));
    const preprocessings = variants.map((variant): Preprocessing => ({ ...variant, ...NORMALISATION }));
    for (const [index, preprocessing] of preprocessings.entries()) {
      const adapter = join(folder, `other-preprocessing-${index}`);
      await writeAdapter(adapter, { ...trained, task: { classNames: CLASSES, preprocessing } });
      await write('transformers', 'vit', 'rslora', `hf-other-${index}`, { adapter });
    }
    const told = (await check(
      'processor',
      join(folder, 'image.rgb'),
      String(image.width),
      ...variants.map((_, index) => join(folder, `hf-other-${index}`)),
    )) as { shape: number[]; values: number[] }[];
    for (const [index, preprocessing] of preprocessings.entries()) {
      const { height, width } = inputSize(preprocessing);
      expect(told[index]!.shape).toEqual([1, 3, height, width]);
      const data = preprocess(image, preprocessing);
      const own = pixelsOf({ dtype: 'uint8', shape: [1, height, width, 3], data }, preprocessing, 0, 1);
      // One of 255 steps: torchvision and PIL round antialiased sums differently.
      expectClose(told[index]!.values, own.data, 1.01 / 255 / Math.min(...NORMALISATION.std));
    }
  });
});
