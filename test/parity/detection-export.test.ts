/** What a detector's run leaves, in the hands of the programs that it is for: `ultralytics` validates its merged ONNX, `peft` loads its adapter. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import golden from '../fixtures/yolo/validation.json' with { type: 'json' };
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { exportModel } from '../../src/export/export-model.ts';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import { mergeIntoBase } from '../../src/lora/merge-base.ts';
import { readAdapter } from '../../src/lora/read-adapter.ts';
import { openBase } from '../../src/models/open-base.ts';
import { datasetImages } from '../../src/trainer/dataset-images.ts';
import { validationScore } from '../../src/trainer/detection/validation-score.ts';
import { DRAWN, writeDrawnAdapter, writeKnownShapes } from '../integration/drawn-detector.ts';
import { readTensors } from '../integration/transformers-reference.ts';
import { noiseOf, outputsOf } from '../integration/yolo-checks.ts';
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

/** The first lines of Python in a document. */
function snippetOf(document: string): string {
  const text = readFileSync(join(import.meta.dirname, '../../docs', document), 'utf8');
  return /```python\n([\s\S]*?)```/.exec(text)![1]!;
}

/** The promise of the issue, in parts of the largest value. */
const TOLERANCE = 1e-4;

describe("Ultralytics' model under peft", () => {
  it.each([
    ['drawn', 'its own classes', undefined],
    ['drawn', 'other classes', ['star', 'moon', 'square']],
    ['yolov8', 'other classes', ['a', 'b', 'c', 'd', 'e']],
    ['yolo12', 'other classes', ['a']],
    // Two branches, both with other rows.
    ['yolo26', 'other classes', ['a', 'b', 'c', 'd', 'e']],
  ])('gives the raw outputs of base and adapter: %s, %s', async (name, what, given) => {
    const file = join(import.meta.dirname, `../fixtures/yolo/${name}.pt`);
    const base = await openBase(file);
    const classes = given ?? base.labels!;
    const adapter = at(`${name} ${what}`);
    await writeDrawnAdapter({ folder: adapter, base, classes, rank: 2 });
    const { graph } = mergeIntoBase(base, readAdapter(adapter), adapter);
    const expected = await outputsOf(graph);
    await writeSafetensors(at('pixels.safetensors'), new Map([['pixels', noiseOf(graph)]]), {});
    writeFileSync(at('snippet.py'), snippetOf('detectors.md'));
    const out = at('outputs.safetensors');
    await runPython('detection_peft.py', [at('snippet.py'), file, adapter, at('pixels.safetensors'), out]);
    const actual = readTensors(out);
    expect([...actual.keys()].toSorted()).toEqual(Object.keys(expected).toSorted());
    for (const [output, values] of Object.entries(expected)) {
      const { data, shape } = actual.get(output)!;
      expect(shape[1]).toBe(output.endsWith('scores') ? classes.length : 4 * base.detection!.regMax);
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const off = values.reduce((most, value, i) => Math.max(most, Math.abs(value - Number(data[i]))), 0);
      expect(off / largest, output).toBeLessThan(TOLERANCE);
    }
  });
});

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
