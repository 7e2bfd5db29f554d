/** Every form of preprocessor_config.json, against the pixel values that both backends of transformers make of one picture. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preprocess } from '../../../src/data/preprocess.ts';
import { openSafetensors } from '../../../src/formats/safetensors.ts';
import type { Tensor } from '../../../src/graph/tensor.ts';
import { FAMILIES } from '../../../src/models/transformers/families.ts';
import { readPreprocessing } from '../../../src/models/transformers/preprocessor.ts';
import type { Extent } from '../../../src/models/transformers/limits.ts';
import { InputError } from '../../../src/shared/errors.ts';
import type { Preprocessing } from '../../../src/shared/preprocessing.ts';

const GOLDEN = resolve(import.meta.dirname, '../../fixtures/models/preprocessors');
const variants = JSON.parse(readFileSync(join(GOLDEN, 'variants.json'), 'utf8')) as Record<
  string,
  { modelType: string; preprocessor_config: object }
>;
const known = FAMILIES.map(({ processor }) => processor);
const processorOf = (modelType: string): string =>
  FAMILIES.find(({ modelTypes }) => modelTypes.includes(modelType))!.processor.name;

const file = openSafetensors(join(GOLDEN, 'golden.safetensors'));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lowrank-preprocessor-'));
});
afterAll(() => {
  file.close();
  rmSync(folder, { recursive: true });
});

/** With the processor of this name where the file names none. */
function readFolder(type: string, imageSize?: Extent): Preprocessing {
  const usual = known.find(({ name }) => name === type)!;
  return readPreprocessing(folder, { usual, known, imageSize });
}

function read(config: object, type = 'ViT'): Preprocessing {
  writeFileSync(join(folder, 'preprocessor_config.json'), JSON.stringify(config));
  return readFolder(type);
}

/** Largest difference in levels of a byte. The golden is [3, height, width], normalised; ours [height, width, 3] bytes. */
function levelsApart(bytes: Uint8Array, { mean, std }: Preprocessing, golden: Tensor): number {
  const area = bytes.length / 3;
  expect(golden.shape.reduce((size, dim) => size * dim, 1)).toBe(bytes.length);
  let apart = 0;
  for (const [index, level] of bytes.entries()) {
    const channel = index % 3;
    const theirs = Number(golden.data[channel * area + Math.floor(index / 3)]!);
    apart = Math.max(apart, Math.abs(level - (theirs * std[channel]! + mean[channel]!) * 255));
  }
  return apart;
}

describe('pixel values', () => {
  const image = file.read('image');
  const [height, width] = image.shape as readonly [number, number];
  const picture = { height, width, data: image.data as Uint8Array };
  const backends = (name: string): string[] => ['torchvision', 'pil'].filter((key) => file.has(`${name}.${key}`));
  // With an odd pixel to pad, PIL's backend puts it before the image and torchvision's, the default since 5, after it.
  const PADDED = 'deit-crop-larger';

  it.each(Object.keys(variants).filter((name) => name !== 'vit-no-resize'))('%s', (name) => {
    const { modelType, preprocessor_config: config } = variants[name]!;
    const preprocessing = read(config, processorOf(modelType));
    const bytes = preprocess(picture, preprocessing);
    for (const backend of name === PADDED ? ['torchvision'] : backends(name)) {
      // One level where the last rounding goes the other way; float32 adds some 1e-5 of it.
      expect(levelsApart(bytes, preprocessing, file.read(`${name}.${backend}`)), backend).toBeLessThan(1.001);
    }
  });

  it('are all tested', () => {
    expect(Object.keys(variants)).toHaveLength(16);
    expect(Object.keys(variants).every((name) => backends(name).length > 0)).toBe(true);
  });
});

describe('what a file leaves out', () => {
  const square = (side: number) => ({ height: side, width: side });

  it.each([
    ['ViT', { mode: 'exact', ...square(224) }, null, 'bilinear', 0.5],
    ['DeiT', { mode: 'exact', ...square(256) }, square(224), 'bicubic', 0.5],
    ['Bit', { mode: 'shortest-edge', edge: 224 }, square(224), 'bicubic', 0.48145466],
    ['ConvNext', { mode: 'exact', ...square(384) }, null, 'bicubic', 0.5],
  ] as const)("%s: transformers' own", (type, resize, crop, interpolation, mean) => {
    for (const config of [{}, { image_processor_type: `${type}ImageProcessorFast`, size: null, crop_size: null }]) {
      expect(read(config, type)).toMatchObject({
        resize,
        crop,
        interpolation,
        mean: [mean, expect.any(Number), expect.any(Number)],
      });
    }
  });

  it('a class name wins over the family', () => {
    expect(read({ feature_extractor_type: 'ConvNextFeatureExtractor', size: 112 }, 'ViT')).toMatchObject({
      resize: { mode: 'shortest-edge', edge: 128 },
      crop: square(112),
    });
    expect(read({ image_processor_type: 'SomethingElse', size: 112 }, 'Bit').resize).toEqual({
      mode: 'shortest-edge',
      edge: 112,
    });
  });

  it('the file itself: the size that the model takes, or the usual one', () => {
    rmSync(join(folder, 'preprocessor_config.json'));
    expect(readFolder('DeiT', { height: 32, width: 48 })).toMatchObject({
      resize: { mode: 'exact', height: 32, width: 48 },
      crop: null,
    });
    expect(readFolder('ConvNext').resize).toEqual({ mode: 'exact', ...square(224) });
  });

  it('rescaling and normalising become one mean and one deviation of the image from 0 to 1', () => {
    const values = { image_mean: [0.1, 0.2, 0.3], image_std: [0.5, 0.25, 1] };
    expect(read({ ...values, do_normalize: false })).toMatchObject({ mean: [0, 0, 0], std: [1, 1, 1] });
    expect(read({ ...values, rescale_factor: 0.00392156862745098 })).toMatchObject({
      mean: values.image_mean,
      std: values.image_std,
    });
    // Bytes as they are: (x − 0.2) / 0.25 = (x / 255 − 0.2 / 255) / (0.25 / 255).
    const raw = read({ ...values, do_rescale: false });
    expect(raw.mean[1]).toBeCloseTo(0.2 / 255, 12);
    expect(raw.std[1]).toBeCloseTo(0.25 / 255, 12);
  });
});

it.each([
  [{ do_resize: false }, 'do_resize: is false, but images of one batch have to be of one size'],
  [{ resample: 4 }, 'resample: filter 4 is not supported'],
  [{ size: 'large' }, 'size: is neither a number nor {height, width} nor {shortest_edge}'],
  [{ size: { longest_edge: 3 } }, 'size: is neither a number nor {height, width} nor {shortest_edge}'],
  [{ size: 1e6 }, 'size: Too big'],
  [{ crop_size: 0, do_center_crop: true }, 'crop_size: Too small'],
  [{ image_std: [0.5, 0, 0.5] }, 'image_std: Too small'],
  [{ image_mean: [0.5] }, 'image_mean: Too small'],
  [{ rescale_factor: -1 }, 'rescale_factor: Too small'],
  [{ rescale_factor: 1e-320 }, 'image_mean: Invalid input'],
])('refuses %j in one line', (config, reason) => {
  expect(() => read(config)).toThrow(InputError);
  expect(() => read(config)).toThrow(reason);
  try {
    read(config);
  } catch (error) {
    expect((error as Error).message).toContain(join(folder, 'preprocessor_config.json'));
    expect((error as Error).message).not.toContain('\n');
  }
});
