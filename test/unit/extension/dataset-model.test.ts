/** What is known of a dataset's folder, step by step: survey, pictures, every image. */
import { beforeEach, expect, test, vi } from 'vitest';
import { DatasetModel } from '../../../src/extension/sidebar/dataset-model.ts';
import { FakeTasks } from '../../fake-tasks.ts';
import { workspace } from '../../fake-vscode.ts';

vi.mock('vscode', async () => (await import('../../fake-vscode.ts')).module);

const SURVEYED = { fatal: [], classes: ['cat', 'dog'] };
const CHECKED = { fatal: [], classes: ['cat', 'dog'], images: 12 };

let tasks: FakeTasks;
let warnings: string[];
let model: DatasetModel;

beforeEach(() => {
  workspace.isTrusted = true;
  [tasks, warnings] = [new FakeTasks(), []];
  model = new DatasetModel({ tasks, log: { warn: (text: string) => warnings.push(text) } } as never);
});

/** Lets what was answered be taken in. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function surveyed(result: unknown = { kind: 'dataset', path: '/pets', report: SURVEYED }): Promise<void> {
  const looked = model.look('/pets');
  tasks.last.answer(result);
  await looked;
}

test('after the survey the form can be used, while pictures are drawn and then every image is opened', async () => {
  const looked = model.look('/pets');
  expect(model.state).toEqual({ status: 'surveying', path: '/pets' });
  expect(model.obstacle).not.toBeNull();
  tasks.last.answer({ kind: 'dataset', path: '/pets', report: SURVEYED });
  await looked;
  expect(model.obstacle).toBeNull();
  expect(model.state).toMatchObject({ report: SURVEYED, check: { status: 'running', total: null }, thumbnails: [] });
  const cat = { name: 'cat', images: [] };
  tasks.last.onPart!(cat);
  expect(model.state).toMatchObject({ thumbnails: [cat] });
  tasks.last.answer({ classes: [cat, { name: 'dog', images: [] }] });
  await settled();
  tasks.last.onProgress!(3, 12);
  expect(model.state).toMatchObject({ check: { status: 'running', done: 3, total: 12 } });
  tasks.last.answer(CHECKED);
  await settled();
  expect(model.state).toMatchObject({ report: CHECKED, check: { status: 'done' }, thumbnails: [cat, { name: 'dog' }] });
  expect(tasks.asked.map(({ request }) => request.task)).toEqual(['survey', 'thumbnails', 'check']);
});

test('of images with boxes some are shown with them, ahead of the pictures of each class', async () => {
  await surveyed({ kind: 'dataset', path: '/pets', report: { ...SURVEYED, task: 'detection' } });
  expect(model.obstacle).toBeNull();
  expect(model.task).toBe('detection');
  expect(tasks.last.request).toMatchObject({ task: 'scenes', path: '/pets' });
  const scene = { file: '/pets/1.jpg', uri: '', width: 2, height: 1, boxes: [{ label: 'cat', box: [0, 0, 1, 1] }] };
  tasks.last.answer({ scenes: [scene] });
  await settled();
  expect(model.state).toMatchObject({ scenes: [scene] });
  expect(tasks.last.request.task).toBe('thumbnails');
});

test('of bad images no more are told than a person reads', async () => {
  const now = vi.spyOn(Date, 'now').mockReturnValue(1e12);
  await surveyed();
  tasks.last.answer({ classes: [] });
  await settled();
  for (let index = 0; index < 200; index++) {
    now.mockReturnValue(1e12 + 1000 * index);
    tasks.last.onPart!({ file: `/pets/cat/${index}.jpg`, message: 'broken' });
  }
  now.mockRestore();
  expect(model.state).toMatchObject({ check: { bad: { length: 50 } } });
});

test('another folder ends what goes on with the one before, which tells nothing more', async () => {
  await surveyed();
  const drawing = tasks.last;
  const looked = model.look('/flowers');
  expect(drawing.signal?.aborted).toBe(true);
  expect(model.state).toEqual({ status: 'surveying', path: '/flowers' });
  tasks.last.answer({ kind: 'dataset', path: '/flowers', report: SURVEYED });
  await looked;
  drawing.onPart!({ name: 'cat', images: [] });
  expect(model.state).toMatchObject({ path: '/flowers', thumbnails: [] });
  expect(warnings).toEqual([]);
});

test('a folder that is no dataset says what was looked for', async () => {
  const lookedFor = ['a folder for each class'];
  await surveyed({ kind: 'none', path: '/pets', message: 'no images', lookedFor });
  expect(model.state).toEqual({ status: 'no-dataset', path: '/pets', message: 'no images', lookedFor });
  expect(model.obstacle).toBe('no images');
});

test('a part of a dataset offers the whole', async () => {
  await surveyed({ kind: 'part', path: '/pets/train', whole: '/pets', report: SURVEYED });
  expect(model.state).toEqual({ status: 'part', path: '/pets', whole: '/pets', classes: 2 });
});

test('a survey that fails says why; pictures that fail hold nothing up; a check that fails leaves the survey', async () => {
  const looked = model.look('/gone');
  tasks.last.refuse(new Error('no such folder'));
  await looked;
  expect(model.obstacle).toBe('no such folder');
  await surveyed();
  tasks.last.refuse(new Error('no decoder'));
  await settled();
  expect(warnings).toEqual(['thumbnails: no decoder']);
  expect(tasks.last.request.task).toBe('check');
  tasks.last.refuse(new Error('disk gone'));
  await settled();
  expect(model.state).toMatchObject({ report: SURVEYED, check: { status: 'failed', message: 'disk gone' } });
});

test('a fatal fault is the obstacle', async () => {
  const fatal = [{ file: '/pets', message: 'one class only' }];
  await surveyed({ kind: 'dataset', path: '/pets', report: { ...SURVEYED, fatal } });
  expect(model.obstacle).toBe('one class only');
});

test('nothing is opened in a workspace that is not trusted', async () => {
  workspace.isTrusted = false;
  await model.look('/pets');
  expect(tasks.asked).toEqual([]);
  expect(model.state).toEqual({ status: 'none' });
});
