/** What a detector's run leaves, in the hands of the programs that it is for: `ultralytics` validates its merged ONNX, `peft` loads its adapter. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import golden from '../fixtures/yolo/validation.json' with { type: 'json' };
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { exportModel } from '../../src/export/export-model.ts';
import { openBase } from '../../src/models/open-base.ts';
import { datasetImages } from '../../src/trainer/dataset-images.ts';
import { validationScore } from '../../src/trainer/detection/validation-score.ts';
import { DRAWN, writeDrawnAdapter, writeKnownShapes } from '../integration/drawn-detector.ts';
import { runPython } from './python.ts';

const SIDE = 160;
const figuresSchema = z.array(z.object({ map: z.number(), map50: z.number() }));

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lowrank-parity-detector-'));
  const base = await openBase(DRAWN);
  await writeKnownShapes(at('shapes'), base.labels!);
  await writeDrawnAdapter({ folder: at('adapter'), base, classes: base.labels! });
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function validated(...models: string[]): Promise<z.infer<typeof figuresSchema>> {
  const told = await runPython('detection_val.py', [at('shapes/data.yaml'), String(SIDE), ...models]);
  return figuresSchema.parse(JSON.parse(told.trim().split('\n').at(-1)!));
}

describe('ultralytics val', () => {
  it('gives merged models the mean average precision that is told of them', async () => {
    const reports = [];
    for (const format of ['onnx-fp32', 'onnx-fp16', 'onnx-int8']) {
      const data = at('shapes');
      const report = await exportModel({
        adapter: at('adapter'),
        base: DRAWN,
        format,
        out: at(`${format}.onnx`),
        engine: onnxRuntimeCpu,
        images: datasetImages(data),
        score: validationScore(data),
      });
      reports.push(report);
    }
    const figures = await validated(...reports.map(({ files }) => files[0]!));
    for (const [index, { detection }] of reports.entries()) {
      const { map, map50 } = detection!.validation!.exported;
      // OpenCV's letterbox and ours differ by a level at most.
      expect(Math.abs(figures[index]!.map - map)).toBeLessThan(1e-3);
      expect(Math.abs(figures[index]!.map50 - map50)).toBeLessThan(1e-3);
    }
    expect(figures[0]!.map).toBeCloseTo(golden.map, 6);
    expect(figures[0]!.map50).toBeCloseTo(golden.map50, 6);
  });
});
