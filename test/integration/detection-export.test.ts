/** A detector with an adapter in the formats that it is written in: what is found stays, and Ultralytics reads the file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import golden from '../fixtures/yolo/validation.json' with { type: 'json' };
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { exportModel } from '../../src/export/export-model.ts';
import { readOnnxFile } from '../../src/formats/onnx-file.ts';
import { openBase } from '../../src/models/open-base.ts';
import type { ExportReport } from '../../src/shared/export-report.ts';
import type { ShownDetections } from '../../src/shared/run/samples.ts';
import { datasetImages } from '../../src/trainer/dataset-images.ts';
import { predictBoxes } from '../../src/trainer/detection/predict.ts';
import type { Thresholds } from '../../src/trainer/detection/predict.ts';
import { validationScore } from '../../src/trainer/detection/validation-score.ts';
import { openPredictor } from '../../src/trainer/open-predictor.ts';
import { DRAWN, writeDrawnAdapter, writeKnownShapes } from './drawn-detector.ts';

const FORMATS = ['onnx-fp32', 'onnx-fp16', 'onnx-int8'] as const;

let folder: string;
let reports: Readonly<Record<string, ExportReport>>;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lowrank-detection-export-'));
  const base = await openBase(DRAWN);
  await writeKnownShapes(at('shapes'), base.labels!);
  await writeDrawnAdapter({ folder: at('adapter'), base, classes: base.labels! });
  const written: Record<string, ExportReport> = {};
  for (const format of FORMATS) written[format] = await write(format);
  reports = written;
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(format: string, data: string | undefined = at('shapes')): Promise<ExportReport> {
  return exportModel({
    adapter: at('adapter'),
    base: DRAWN,
    format,
    out: at(`${format}.onnx`),
    engine: onnxRuntimeCpu,
    images: datasetImages(data),
    score: validationScore(data),
    threads: 1,
  });
}

describe('a detector is written', () => {
  it.each([
    // Largest differences of a score and of a box in parts of the side that were seen: 2e-6, 1e-3 and 0.2; and of mAP: 0, 1e-4 and 0.01.
    ['onnx-fp32', 1e-4, 1e-3],
    ['onnx-fp16', 1e-2, 5e-3],
    ['onnx-int8', 0.5, 0.05],
  ])('as %s, with the mean average precision of base and adapter', (format, difference, loss) => {
    const report = reports[format]!;
    expect(report.detection!.boxes).toBeLessThan(difference);
    expect(report.difference.largest).toBeLessThan(difference);
    const { images, exported, reference } = report.detection!.validation!;
    expect(images).toBe(40);
    expect(reference.map).toBeGreaterThan(0.2);
    expect(Math.abs(exported.map - reference.map)).toBeLessThan(loss);
    expect(Math.abs(exported.map50 - reference.map50)).toBeLessThan(loss);
  });

  it('with the mean average precision that Ultralytics measures of it (test/parity/detection-export.test.ts)', () => {
    const { exported } = reports['onnx-fp32']!.detection!.validation!;
    // The promise: letterboxing rounds pixels by another level at most, which moves a few boxes across a limit.
    expect(Math.abs(exported.map - golden.map)).toBeLessThan(1e-3);
    expect(Math.abs(exported.map50 - golden.map50)).toBeLessThan(1e-3);
  });

  it('in fewer bytes', () => {
    const [whole, half, eighth] = FORMATS.map((format) => reports[format]!.bytes) as [number, number, number];
    expect(half).toBeLessThan(0.6 * whole);
    expect(eighth).toBeLessThan(half);
  });

  it.each(FORMATS)('so that Ultralytics reads it: %s', (format) => {
    const { files, labels } = reports[format]!;
    const { graph, metadataProps } = readOnnxFile(files[0]!);
    const metadata = Object.fromEntries(metadataProps.map(({ key = '', value = '' }) => [key, value]));
    expect(metadata).toMatchObject({ task: 'detect', imgsz: '[160, 160]', stride: '32', batch: '1' });
    expect(metadata['names']).toBe(`{${labels!.map((label, i) => `${i}: "${label}"`).join(', ')}}`);
    const shapes = [graph.input[0]!, graph.output[0]!].map(({ name, type }) => [
      name,
      type!.tensorType!.shape!.dim.map(({ dimValue }) => Number(dimValue)),
    ]);
    expect(shapes).toEqual([
      ['images', [1, 3, 160, 160]],
      ['output0', [1, 4 + labels!.length, 20 ** 2 + 10 ** 2 + 5 ** 2]],
    ]);
  });
});

describe('a merged detector', () => {
  it.each([
    ['onnx-fp32', 1e-4],
    ['onnx-fp16', 1e-2],
  ])('finds what base and adapter find: %s', async (format, tolerance) => {
    const expected = await foundBy(at('adapter'));
    const actual = await foundBy(reports[format]!.files[0]!);
    expect(expected.length).toBeGreaterThan(10);
    expect(actual.map(({ label }) => label)).toEqual(expected.map(({ label }) => label));
    for (const [index, { confidence, box }] of expected.entries()) {
      expect(Math.abs(actual[index]!.confidence - confidence)).toBeLessThan(tolerance);
      for (const [side, place] of box.entries())
        expect(Math.abs(actual[index]!.box[side]! - place)).toBeLessThan(tolerance);
    }
  });

  it.each(['adapter', 'file'])('tells more of what it finds where it is asked to: %s', async (which) => {
    const model = which === 'adapter' ? at('adapter') : reports['onnx-fp32']!.files[0]!;
    const usual = await foundBy(model);
    const surer = await foundBy(model, { confidence: 0.5 });
    expect(surer).toEqual(usual.filter(({ confidence }) => confidence > 0.5));
    expect(surer.length).toBeLessThan(usual.length);
    const unsure = await foundBy(model, { confidence: 0.05 });
    expect(unsure.length).toBeGreaterThan(usual.length);
    // Nothing overlaps more than wholly, so no box is dropped for another.
    expect((await foundBy(model, { overlap: 1 })).length).toBeGreaterThan(usual.length);
  });

  it('of integers runs as it lies there', async () => {
    const [expected, actual] = [await foundBy(at('adapter')), await foundBy(reports['onnx-int8']!.files[0]!)];
    // Some lie near the confidence that is asked for.
    expect(actual.length).toBeGreaterThan(0.7 * expected.length);
    expect(actual.length).toBeLessThan(1.3 * expected.length);
  });
});

/** What a model finds in the first validation images. */
async function foundBy(model: string, thresholds: Thresholds = {}): Promise<ShownDetections['found']> {
  const detector = await openPredictor(model, { base: DRAWN, engine: onnxRuntimeCpu, threads: 1, ...thresholds });
  if (!('detect' in detector)) throw new Error('no detector');
  try {
    const files = Array.from({ length: 8 }, (_, i) => at(`shapes/images/val/00${i}.png`));
    const found = [];
    for await (const told of predictBoxes(detector, files)) if ('found' in told) found.push(...told.found);
    return found;
  } finally {
    await detector.close();
  }
}

describe('what is measured', () => {
  it('is nothing where the dataset has other classes', async () => {
    await writeKnownShapes(at('others'), ['triangle']);
    const { detection } = await write('onnx-fp32', at('others'));
    expect(detection!.validation).toBeNull();
  });
});

it('is refused in a format that detectors have not, naming those they have', async () => {
  await expect(write('transformers')).rejects.toThrow(
    'detectors are written as onnx-fp32, onnx-fp16, onnx-int8, not as transformers',
  );
});
