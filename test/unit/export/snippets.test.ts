import { describe, expect, it } from 'vitest';
import { EXPORT_FORMATS } from '../../../src/export/formats.ts';
import { snippetsFor } from '../../../src/export/snippets.ts';
import type { Preprocessing } from '../../../src/shared/preprocessing.ts';

const preprocessing: Preprocessing = {
  resize: { mode: 'shortest-edge', edge: 256 },
  crop: { height: 224, width: 224 },
  interpolation: 'bicubic',
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

const exported = { labels: ["it's", 'two'], preprocessing, detection: null };
const of = (format: string) => snippetsFor('/a "b"/m', { format, ...exported });

describe('snippets', () => {
  it('are there for every format, in Python at least', () => {
    for (const { name } of EXPORT_FORMATS) expect(of(name)[0]).toMatchObject({ language: 'python' });
  });

  it('name the file, the classes and the preprocessing', () => {
    for (const { code } of of('onnx-fp32')) {
      for (const said of ['"/a \\"b\\"/m"', `["it's","two"]`, '0.485, 0.456, 0.406', '256', '224'])
        expect(code).toContain(said);
    }
    expect(of('onnx-fp32').map(({ code }) => /BICUBIC|CatmullRom/.test(code))).toEqual([true, true]);
  });

  it('of a detector print boxes: by Ultralytics in Python, by hand in JavaScript', () => {
    const detection = { boxes: 0, validation: null };
    const [python, script] = snippetsFor('/a "b"/m', { format: 'onnx-fp16', ...exported, detection });
    expect(python).toMatchObject({ language: 'python', file: 'detect.py' });
    expect(python!.code).toContain('YOLO("/a \\"b\\"/m", task="detect")');
    for (const said of ['"/a \\"b\\"/m"', `["it's","two"]`, '[1, 3, 224, 224]', 'output0'])
      expect(script!.code).toContain(said);
  });

  it('switch the adapter on where that is what was written', () => {
    expect(of('onnx-adapter').map(({ code }) => code.includes('add_active_adapter'))).toEqual([true]);
  });
});
