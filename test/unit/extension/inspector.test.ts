/** The host of one open adapter: what the view shows of it, and what it does for the view. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Inspector } from '../../../src/extension/adapter/inspector.ts';
import { FakeTasks } from '../../fake-tasks.ts';
import { fakePanel, grantTrust, module, shown, workspace } from '../../fake-vscode.ts';

vi.mock('vscode', async () => (await import('../../fake-vscode.ts')).module);

const FOLDER = '/w/adapter';
const FORMAT = { format: 'onnx-fp32', title: 'ONNX', output: '.onnx', calibrates: false };
const INSPECTION = {
  folder: FOLDER,
  run: null,
  base: { name: '/w/vit', architecture: 'vit', problem: null },
  data: null,
  formats: [FORMAT],
};

let tasks: FakeTasks;
let memory: Map<string, unknown>;
let page: ReturnType<typeof fakePanel>;
let opened: string[];
let inspector: Inspector;

beforeEach(() => {
  workspace.isTrusted = true;
  workspace.workspaceFolders = [{ uri: module.Uri.file('/w'), name: 'w' }];
  Object.assign(shown, { executed: [], pick: undefined, input: undefined });
  [tasks, page, opened] = [new FakeTasks(), fakePanel(), []];
  memory = new Map();
  inspector = open();
});

afterEach(() => {
  inspector.dispose();
});

function open(): Inspector {
  const workspaceState = {
    get: (key: string, otherwise: unknown) => memory.get(key) ?? otherwise,
    update: (key: string, value: unknown) => Promise.resolve(memory.set(key, value)),
  };
  const log = { error: (error: unknown) => expect.unreachable(String(error)) };
  const host = { tasks, context: { extensionUri: module.Uri.file('/x'), workspaceState }, log };
  const file = module.Uri.file(`${FOLDER}/adapter_model.safetensors`);
  return new Inspector(host as never, file as never, page.panel as never, {
    openAdapter: (folder) => Promise.resolve(void opened.push(folder)),
    tryIt: (subject) => opened.push(`try ${subject}`),
  });
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const state = (): unknown => page.posted.findLast(({ type }) => type === 'state')!['state'];

async function inspected(result: unknown = INSPECTION): Promise<void> {
  const read = inspector.read();
  tasks.last.answer(result);
  await read;
}

async function say(message: unknown): Promise<void> {
  page.say(message);
  await settled();
}

test('an adapter is read once with its progress, and stays in sight while it is read anew', async () => {
  const read = inspector.read();
  expect(tasks.last.request).toEqual({ task: 'inspect', path: FOLDER, base: null, folders: ['/w'] });
  tasks.last.onProgress!(3, 12);
  expect(page.posted.at(-1)).toEqual({ type: 'progress', done: 3, total: 12 });
  tasks.last.answer(INSPECTION);
  await read;
  expect(state()).toMatchObject({ phase: 'ready', inspection: INSPECTION, work: null });
  void inspector.read();
  expect(state()).toMatchObject({ phase: 'reading', inspection: INSPECTION, work: null });
});

test('a file that cannot be read says why, and keeps what was read before', async () => {
  await inspected();
  void inspector.read();
  tasks.last.refuse(new Error('cut off'));
  await settled();
  expect(state()).toMatchObject({ phase: 'broken', problem: 'cut off', inspection: INSPECTION });
});

test('a reading that another one replaced tells nothing', async () => {
  void inspector.read();
  const first = tasks.last;
  const second = inspector.read();
  expect(first.signal?.aborted).toBe(true);
  tasks.last.answer(INSPECTION);
  await second;
  expect(state()).toMatchObject({ phase: 'ready' });
});

test('nothing is opened in a workspace that is not trusted, until it is', async () => {
  inspector.dispose();
  workspace.isTrusted = false;
  inspector = open();
  await inspector.read();
  await say({ type: 'ready' });
  expect(tasks.asked).toEqual([]);
  expect(state()).toMatchObject({ phase: 'untrusted', inspection: null });
  grantTrust();
  expect(tasks.last.request.task).toBe('inspect');
});

test('a base that is located is looked with, and kept until it is forgotten', async () => {
  await inspected({ ...INSPECTION, base: { name: 'google/vit', architecture: null, problem: 'is not here' } });
  shown.pick = (items) => items.find(({ label }) => label.includes('hub'));
  shown.input = 'google/vit';
  await say({ type: 'locate-base' });
  expect(tasks.last.request).toMatchObject({ task: 'inspect', base: 'hf:google/vit' });
  tasks.last.answer(INSPECTION);
  await settled();
  expect(state()).toMatchObject({ locatedBase: 'hf:google/vit' });
  await say({ type: 'forget-base' });
  expect(tasks.last.request).toMatchObject({ task: 'inspect', base: null });
});

test('what is exported goes on the base that was looked at', async () => {
  await inspected();
  shown.input = '/w/out/pets';
  await say({ type: 'export', format: 'onnx-fp32' });
  expect(tasks.last.request).toMatchObject({
    task: 'export',
    base: '/w/vit',
    format: 'onnx-fp32',
    out: '/w/out/pets.onnx',
  });
  expect(state()).toMatchObject({ work: { what: 'export' }, exported: null });
  const exported = { out: '/w/out/pets.onnx', files: ['/w/out/pets.onnx'] };
  tasks.last.answer(exported);
  await settled();
  expect(state()).toMatchObject({ work: null, exported });
  await say({ type: 'reveal', path: exported.out });
  await say({ type: 'reveal', path: '/etc' });
  expect(shown.executed.map(([id, uri]) => [id, (uri as { fsPath: string }).fsPath])).toEqual([
    ['revealInExplorer', exported.out],
  ]);
});

test('an export that is refused says why, one that is cancelled says nothing', async () => {
  await inspected();
  shown.input = '/w/out.onnx';
  await say({ type: 'export', format: 'onnx-fp32' });
  tasks.last.refuse(new Error('differs from base and adapter'));
  await settled();
  expect(state()).toMatchObject({ work: null, refused: { what: 'export', message: 'differs from base and adapter' } });
  await say({ type: 'export', format: 'onnx-fp32' });
  await say({ type: 'cancel' });
  expect(tasks.last.signal?.aborted).toBe(true);
  expect(state()).toMatchObject({ work: null, refused: null });
});

test('one thing is written at a time', async () => {
  await inspected();
  shown.input = '/w/out.onnx';
  await say({ type: 'export', format: 'onnx-fp32' });
  await say({ type: 'resize', rank: 2 });
  expect(tasks.asked.map(({ request }) => request.task)).toEqual(['inspect', 'export']);
});

test('a smaller adapter is opened, and has the same base', async () => {
  await inspected();
  shown.input = '/w/adapter-r2';
  await say({ type: 'resize', rank: 2 });
  expect(tasks.last.request).toEqual({ task: 'resize', path: FOLDER, rank: 2, out: '/w/adapter-r2' });
  tasks.last.answer({ out: '/w/adapter-r2' });
  await settled();
  expect(opened).toEqual(['/w/adapter-r2']);
  expect(memory.get('lowrank.locatedBases')).toEqual({ '/w/adapter-r2': '/w/vit' });
});

test('a dialog that is dismissed does nothing', async () => {
  await inspected();
  await say({ type: 'resize', rank: 2 });
  await say({ type: 'export', format: 'onnx-fp32' });
  await say({ type: 'locate-base' });
  expect(tasks.asked).toHaveLength(1);
});

test('closed, it ends what goes on', async () => {
  await inspected();
  shown.input = '/w/out.onnx';
  await say({ type: 'export', format: 'onnx-fp32' });
  inspector.dispose();
  expect(tasks.last.signal?.aborted).toBe(true);
});
