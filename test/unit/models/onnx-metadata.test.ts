import { describe, expect, it } from 'vitest';
import { CLASSES_KEY, PREPROCESSING_KEY, readLabels, readPreprocessing } from '../../../src/models/onnx/metadata.ts';
import { InputError } from '../../../src/shared/errors.ts';
import type { Preprocessing } from '../../../src/shared/preprocessing.ts';

describe('class names', () => {
  it.each<[string, Record<string, string>]>([
    ['ours', { [CLASSES_KEY]: '["cat", "dog\'s"]' }],
    ['a JSON list', { labels: '["cat", "dog\'s"]' }],
    ['a JSON dictionary', { id2label: '{"1": "dog\'s", "0": "cat"}' }],
    ['a Python dictionary', { names: `{0: 'cat', 1: "dog's"}` }],
    ['a Python list', { names: `['cat', 'dog\\'s']` }],
    ['the first of fitting length', { names: '["cat"]', labels: '["cat", "dog\'s"]' }],
  ])('%s', (_, metadata) => {
    expect(readLabels(new Map(Object.entries(metadata)), 2, 'm.onnx')).toEqual(['cat', "dog's"]);
  });

  it.each<[string, Record<string, string>]>([
    ['nothing', {}],
    ['other numbers of names', { names: '["a", "b", "c"]' }],
    ['no list', { names: 'cat, dog' }],
    ['numbers', { labels: '[1, 2]' }],
    ['gaps are other numbers of names', { names: "{0: 'a', 5: 'b', 7: 'c'}" }],
  ])('none of %s', (_, metadata) => {
    expect(readLabels(new Map(Object.entries(metadata)), 2, 'm.onnx')).toBeUndefined();
  });

  it('refuses our own where they contradict the model', () => {
    const metadata = new Map([[CLASSES_KEY, '["a"]']]);
    expect(() => readLabels(metadata, 2, 'm.onnx')).toThrow(InputError);
    expect(() => readLabels(new Map([[CLASSES_KEY, '{']]), 2, 'm.onnx')).toThrow(InputError);
  });
});

describe('preprocessing', () => {
  const own: Preprocessing = {
    resize: { mode: 'exact', height: 32, width: 48 },
    crop: null,
    interpolation: 'bicubic',
    mean: [0.5, 0.5, 0.5],
    std: [0.25, 0.25, 0.25],
  };
  const metadata = new Map([[PREPROCESSING_KEY, JSON.stringify(own)]]);

  it("is ImageNet's at the model's size where nothing is told", () => {
    expect(readPreprocessing(new Map(), { height: 224, width: 224 }, 'm.onnx')).toEqual({
      resize: { mode: 'shortest-edge', edge: 256 },
      crop: { height: 224, width: 224 },
      interpolation: 'bilinear',
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    });
  });

  it('crops an oblong image out of one that covers it', () => {
    expect(readPreprocessing(new Map(), { height: 70, width: 140 }, 'm.onnx')).toMatchObject({
      resize: { edge: 160 },
      crop: { height: 70, width: 140 },
    });
  });

  it('is what our exports tell', () => {
    expect(readPreprocessing(metadata, { height: 32, width: 48 }, 'm.onnx')).toEqual(own);
    expect(readPreprocessing(metadata, { height: undefined, width: undefined }, 'm.onnx')).toEqual(own);
  });

  it('refuses another size than the model takes', () => {
    expect(() => readPreprocessing(metadata, { height: 32, width: 32 }, 'm.onnx')).toThrow(/32×48.*32×32/);
  });
});
