/** Which base a new job starts with, by what its dataset is labelled for. */
import { beforeEach, expect, test, vi } from 'vitest';
import { BaseModel } from '../../../src/extension/sidebar/base-model.ts';
import { FakeTasks } from '../../fake-tasks.ts';
import { shown, workspace } from '../../fake-vscode.ts';

vi.mock('vscode', async () => (await import('../../fake-vscode.ts')).module);

const candidate = (base: string, kind: string, task: string | null, obstacle: string | null = null) => ({
  base,
  label: base,
  kind,
  task,
  obstacle,
});
const SAMPLE = candidate('sample', 'sample', 'classification');
const VIT = candidate('/work/vit', 'transformers', 'classification');
const ONNX = candidate('/work/net.onnx', 'onnx', null);
const YOLO = candidate('/work/yolo11n.pt', 'checkpoint', 'detection');
const BROKEN = candidate('/work/a.pt', 'checkpoint', 'detection', 'is no checkpoint');

let tasks: FakeTasks;
let memory: Map<string, unknown>;
let model: BaseModel;

beforeEach(() => {
  workspace.isTrusted = true;
  shown.settings = {};
  tasks = new FakeTasks();
  memory = new Map();
  const globalState = {
    get: (key: string) => memory.get(key),
    update: (key: string, value: unknown) => Promise.resolve(memory.set(key, value)),
  };
  model = new BaseModel({ tasks, context: { globalState } } as never);
});

async function found(...bases: readonly object[]): Promise<void> {
  const finding = model.find(true);
  tasks.last.answer({ bases, truncated: false });
  await finding;
}

test('a dataset with boxes starts with a checkpoint that can be used, never with a classifier', async () => {
  expect(model.preferredFor('detection')).toBeUndefined();
  await found(SAMPLE, BROKEN, VIT);
  expect(model.preferredFor('detection')).toBeUndefined();
  await found(SAMPLE, BROKEN, VIT, ONNX, YOLO);
  expect(model.preferredFor('detection')).toBe(YOLO.base);
  expect(model.preferredFor('classification')).toBe(VIT.base);
});

test('what was used last for the task comes first', async () => {
  await model.remember(YOLO.base);
  await model.remember('hf:owner/name');
  await found(SAMPLE, VIT, YOLO);
  expect(model.preferredFor('classification')).toBe('hf:owner/name');
  expect(model.preferredFor('detection')).toBe(YOLO.base);
});

test('folders of the setting are looked into too, those that are absolute paths', async () => {
  shown.settings = { 'lowrank.bases.folders': ['/models', 'relative', 3] };
  await found(SAMPLE);
  expect(tasks.last.request).toMatchObject({ task: 'bases', folders: expect.arrayContaining(['/models']) as string[] });
  expect(tasks.last.request).not.toMatchObject({ folders: expect.arrayContaining(['relative']) as string[] });
});
