/**
 * Detectors exported to ONNX as bases: Ultralytics' exports of the networks of test/fixtures/yolo (test/parity/make_yolo_onnx.py --tiny), whose
 * raw outputs are known, and what Lowrank merges itself.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { exportModel } from '../../src/export/export-model.ts';
import { noiseImages } from '../../src/export/pixels.ts';
import { adapt } from '../../src/lora/adapt.ts';
import { mergeIntoBase } from '../../src/lora/merge-base.ts';
import { readAdapter } from '../../src/lora/read-adapter.ts';
import type { Base } from '../../src/models/base.ts';
import { onnxBase } from '../../src/models/onnx/open.ts';
import { openBase } from '../../src/models/open-base.ts';
import { loraSchema } from '../../src/shared/job.ts';
import { DRAWN, writeDrawnAdapter } from './drawn-detector.ts';
import { checkOutputs, outputsOf } from './yolo-checks.ts';

const FOLDER = join(import.meta.dirname, '../fixtures/yolo');
const exported = (name: string): Promise<Base> => openBase(join(FOLDER, 'exports', `${name}.onnx`));
/** The size of the goldens' images. */
const SIZE = { height: 32, width: 32 };

describe.each([
  ['yolov8-static', 'yolov8', 'one2many', 'model.8.cv3.0.2'],
  // Suppression in the graph, under one module more.
  ['yolo11-nms', 'yolo11', 'one2many', 'model.model.8.cv3.0.2'],
  ['yolo12-dynamic', 'yolo12', 'one2many', 'model.8.cv3.0.2'],
  // The 300 best of the branch that answers once for each object.
  ['yolo26-end2end', 'yolo26', 'one2one', 'model.8.one2one_cv3.0.2'],
])('%s', (name, family, branch, head) => {
  let base: Base;
  beforeAll(async () => {
    base = await exported(name);
  });

  it("gives the raw outputs of Ultralytics' head, behind whatever decodes them", () =>
    checkOutputs(base, join(FOLDER, family)));

  it('says what it is', () => {
    expect(base.labels).toEqual(['disc', 'square', 'star']);
    expect(base.detection).toMatchObject({ strides: [4, 8], classes: 3, regMax: family === 'yolo26' ? 1 : 4 });
    expect(base.detection!.branches.map((each) => each.name)).toEqual([branch]);
    expect(base.heads[0]).toBe(head);
    expect(base.identity.fusedBatchNorm).toBe(true);
    expect(base.preprocessing).toMatchObject({ resize: { mode: 'exact', ...SIZE }, mean: [0, 0, 0], std: [1, 1, 1] });
  });

  it('gets a head for other classes', () => {
    const lora = { ...loraSchema.parse({}), rank: 1 };
    const { graph, parameters } = adapt(base, { method: 'lora', lora, classes: ['a', 'b', 'c', 'd', 'e'] });
    const { boxes, scores } = base.detection!.branches[0]!;
    expect(graph.outputs.get(boxes)!.shape).toEqual(base.graph.outputs.get(boxes)!.shape);
    expect(graph.outputs.get(scores)!.shape[1]).toBe(5);
    expect(parameters.filter(({ role }) => role === 'whole')).toHaveLength(2 * base.heads.length);
  });
});

describe('another size of images', () => {
  it('is one of a dynamic export', async () => {
    const { detection } = await exported('yolo12-dynamic');
    const graph = detection!.atSize({ height: 64, width: 64 });
    expect(graph.outputs.get('one2many.boxes')!.shape.slice(1)).toEqual([16, 16 ** 2 + 8 ** 2]);
  });

  it('must fit the strides', async () => {
    const { detection } = await exported('yolo12-dynamic');
    expect(() => detection!.atSize({ height: 64, width: 60 })).toThrow(/multiples of 8/);
  });

  it('is none of an export whose attention is for one size', async () => {
    const { detection } = await exported('yolo11-nms');
    expect(() => detection!.atSize({ height: 64, width: 64 })).toThrow(
      'this export is for images of 32×32 pixels alone; export it with dynamic=True, or take its .pt',
    );
  });
});

it('an export that has lost a branch says so', async () => {
  expect((await exported('yolo26-end2end')).notes).toEqual([expect.stringMatching(/its \.pt learns better/)]);
  expect((await exported('yolov8-static')).notes).toEqual([]);
});

it('an export that tells its task is of that task', () => {
  const bytes = readFileSync(join(FOLDER, 'exports/yolov8-static.onnx'));
  // The same length, so that the file stays whole.
  const at = bytes.lastIndexOf('detect');
  for (const task of ['obbobb', 'segmnt', 'posese']) {
    bytes.write(task, at, 'latin1');
    expect(() => onnxBase(bytes, 'other.onnx', { source: 'other.onnx' })).toThrow(
      `other.onnx: is a model for the task "${task}"; supported are detectors (detect) and classifiers`,
    );
  }
});

it('an adapter of the checkpoint is refused on its export, whose normalisation is fused', async () => {
  const adapter = join(FOLDER, 'yolov8/adapters/lora');
  const trained = { ...readAdapter(adapter), base: { fusedBatchNorm: false } };
  const base = await exported('yolov8-static');
  expect(() => mergeIntoBase(base, trained, adapter)).toThrow(/fused/);
  // peft's own file says nothing.
  expect(() => mergeIntoBase(base, readAdapter(adapter), adapter)).toThrow(/name the \.pt that it was trained on/);
});

describe('what Lowrank merged', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lowrank-yolo-exports-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ['onnx-fp32', 1e-5],
    // Weights rounded to eleven bits.
    ['onnx-fp16', 2e-2],
  ])('is a base again, of the same outputs and layers: %s', async (format, tolerance) => {
    const base = await openBase(DRAWN);
    const adapter = join(folder, `adapter-${format}`);
    await writeDrawnAdapter({ folder: adapter, base, classes: base.labels! });
    const out = join(folder, `${format}.onnx`);
    await exportModel({ adapter, base: DRAWN, format, out, engine: onnxRuntimeCpu });
    const merged = await openBase(out);
    expect(merged.labels).toEqual(base.labels);
    expect(merged.heads).toEqual(base.heads);
    const expected = await outputsOf(mergeIntoBase(base, readAdapter(adapter), adapter).graph);
    const actual = await outputsOf(merged.graph);
    for (const [name, value] of Object.entries(expected)) {
      const largest = value.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
      const off = value.reduce((most, each, i) => Math.max(most, Math.abs(each - actual[name]![i]!)), 0);
      expect(off / largest, name).toBeLessThan(tolerance);
    }
  });

  it('of integers is no base', async () => {
    const base = await openBase(DRAWN);
    const adapter = join(folder, 'adapter-int8');
    await writeDrawnAdapter({ folder: adapter, base, classes: base.labels! });
    const out = join(folder, 'int8.onnx');
    const images = (preprocessing: Base['preprocessing'], count: number) =>
      Promise.resolve(noiseImages(preprocessing, Math.min(count, 8)));
    await exportModel({ adapter, base: DRAWN, format: 'onnx-int8', out, engine: onnxRuntimeCpu, images });
    await expect(openBase(out)).rejects.toThrow(/weights are integers/);
  });
});
