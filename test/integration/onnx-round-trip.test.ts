/** Our own ONNX files are bases again: the same layers, parameters, classes and preprocessing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STANDARD_OPERATORS, writeOnnx } from '../../src/engines/write-onnx.ts';
import { writeOnnxFile } from '../../src/formats/onnx-file.ts';
import { bytesUnder } from '../../src/graph/tensor.ts';
import type { Base } from '../../src/models/base.ts';
import { frozenTensors } from '../../src/models/frozen.ts';
import { openBase } from '../../src/models/open-base.ts';
import { CLASSES_KEY, PREPROCESSING_KEY } from '../../src/models/onnx/metadata.ts';
import { inputSize } from '../../src/shared/preprocessing.ts';
import { images, layersOf } from './onnx-reference.ts';
import { distance, logitsOf } from './transformers-reference.ts';

const FIXTURES = resolve(import.meta.dirname, '../fixtures');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lowrank-round-trip-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function writtenAndRead(base: Base): Promise<Base> {
  const file = join(folder, 'model.onnx');
  const metadata = {
    [PREPROCESSING_KEY]: JSON.stringify(base.preprocessing),
    ...(base.labels && { [CLASSES_KEY]: JSON.stringify(base.labels) }),
  };
  const { model, external } = writeOnnx(base.graph, { operators: STANDARD_OPERATORS, metadata });
  const inMemory = new Map(external.map(({ path, tensor }) => [path, bytesUnder(tensor)]));
  await writeOnnxFile(file, model, { inMemory });
  return openBase(file);
}

describe.each([
  'models/vit',
  'models/deit-teacher',
  'models/dinov2-swiglu',
  'models/resnet-bottleneck',
  'models/onnx-cnn/kept.onnx',
  'onnx/swin-dynamo.onnx',
  'onnx/vit-script-11-fixed.onnx',
])('%s', (name) => {
  it('comes back as it was', async () => {
    const base = await openBase(join(FIXTURES, name));
    const back = await writtenAndRead(base);
    expect(layersOf(back)).toEqual(layersOf(base));
    expect(back.heads).toEqual(base.heads);
    expect(back.labels).toEqual(base.labels);
    expect(back.preprocessing).toEqual(base.preprocessing);
    expect(frozenTensors(back.graph)).toEqual(frozenTensors(base.graph));
    const pixels = images(2, {
      ...base,
      preprocessing: { ...base.preprocessing, crop: inputSize(base.preprocessing) },
    });
    // The same operators in the same order, but for what ONNX Runtime fuses.
    expect(distance(await logitsOf(back.graph, pixels), await logitsOf(base.graph, pixels))).toBeLessThan(1e-5);
  });
});
