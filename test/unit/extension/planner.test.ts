/** When a plan is made anew, and what stays in sight meanwhile. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DraftSource } from '../../../src/extension/job/draft-source.ts';
import { Planner } from '../../../src/extension/job/planner.ts';
import { FakeTasks } from '../../fake-tasks.ts';
import { grantTrust, workspace } from '../../fake-vscode.ts';

vi.mock('vscode', async () => (await import('../../fake-vscode.ts')).module);

/** Longer than edits are waited for. */
const PAUSE = 1_000;

let tasks: FakeTasks;
let draft: DraftSource;
let states: string[];
let planner: Planner;
let isDataset: boolean;

beforeEach(() => {
  vi.useFakeTimers();
  workspace.isTrusted = true;
  [tasks, states, isDataset] = [new FakeTasks(), [], true];
  draft = new DraftSource({ get: () => undefined, update: () => Promise.resolve() } as never);
  draft.begin({ data: '/pets', base: '/vit' });
  planner = new Planner({ tasks } as never, draft, () => isDataset);
  planner.onDidChange(() => states.push(planner.state.status));
});

afterEach(() => {
  planner.dispose();
  vi.useRealTimers();
});

const edit = (path: string, value: unknown): Promise<void> => draft.edit([{ path: path.split('.'), value }] as never);
const wait = (): Promise<unknown> => vi.advanceTimersByTimeAsync(PAUSE);

async function planned(result: unknown): Promise<void> {
  await wait();
  tasks.last.answer(result);
  await wait();
}

test('edits that follow each other make one plan, of the last of them', async () => {
  await edit('training.epochs', 2);
  await edit('training.epochs', 3);
  expect(tasks.asked).toEqual([]);
  await planned('figures');
  expect(tasks.asked.map(({ request }) => request)).toMatchObject([{ task: 'plan', job: { training: { epochs: 3 } } }]);
  expect(planner.state).toEqual({ status: 'ready', result: 'figures', message: null });
  expect(states.at(-1)).toBe('ready');
});

test('rank, alpha, name and learning rate make none: the figures follow in the view', async () => {
  await planned('figures');
  await edit('lora.rank', 64);
  await edit('lora.alpha', 7);
  await edit('name', 'mine');
  await edit('training.learningRate', 0.1);
  await wait();
  expect(tasks.asked).toHaveLength(1);
  expect(planner.state.status).toBe('ready');
});

test('while a plan is made anew the figures of the same base stay, those of another do not', async () => {
  await planned('figures');
  await edit('training.epochs', 9);
  expect(planner.state).toEqual({ status: 'planning', result: 'figures', message: null });
  await wait();
  await edit('base', '/other');
  expect(tasks.last.signal?.aborted).toBe(true);
  expect(planner.state).toEqual({ status: 'planning', result: null, message: null });
});

test('an aborted plan tells nothing, whatever becomes of it', async () => {
  await wait();
  const [first] = tasks.asked;
  tasks.answersAborted = true;
  await edit('base', '/other');
  await planned('of the other');
  first!.answer('of the first');
  await wait();
  expect(planner.state.result).toBe('of the other');
});

test('after a failure another rank is tried, the same one only when asked', async () => {
  await wait();
  tasks.last.refuse(new Error('rank 8 exceeds every layer'));
  await wait();
  expect(planner.state).toEqual({ status: 'failed', result: null, message: 'rank 8 exceeds every layer' });
  planner.update();
  await wait();
  expect(tasks.asked).toHaveLength(1);
  await edit('lora.rank', 4);
  await planned('figures');
  expect(tasks.asked).toHaveLength(2);
  expect(planner.state.status).toBe('ready');
  planner.again();
  await wait();
  expect(tasks.asked).toHaveLength(3);
});

test('a job that cannot be read for a moment keeps its figures; one without a dataset has none', async () => {
  await planned('figures');
  await edit('training.epochs', 'many');
  await wait();
  expect(planner.state).toMatchObject({ status: 'ready', result: 'figures' });
  isDataset = false;
  await edit('training.epochs', 2);
  expect(planner.state).toEqual({ status: 'none', result: null, message: null });
});

test('nothing is planned in a workspace that is not trusted, until it is', async () => {
  planner.dispose();
  workspace.isTrusted = false;
  planner = new Planner({ tasks } as never, draft);
  await wait();
  expect(tasks.asked).toEqual([]);
  grantTrust();
  await planned('figures');
  expect(planner.state.status).toBe('ready');
});

test('with the planner its plan ends', async () => {
  await wait();
  planner.dispose();
  expect(tasks.last.signal?.aborted).toBe(true);
});
