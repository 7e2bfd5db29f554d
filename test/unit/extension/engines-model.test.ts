/** What the panels say of engines and their packs: looked for once, and anew when a pack came or went. */
import { beforeEach, expect, test, vi } from 'vitest';
import { EnginesModel } from '../../../src/extension/engines/engines-model.ts';
import { InputError } from '../../../src/shared/errors.ts';
import type { EngineMessage, EnginesResult } from '../../../src/shared/protocol/engines.ts';
import { shown, workspace } from '../../fake-vscode.ts';

vi.mock('vscode', async () => (await import('../../fake-vscode.ts')).module);

const FOUND: EnginesResult = { engines: [], cards: [], packs: [], offer: 'onnxruntime-cuda' };
const INSTALL: EngineMessage = { type: 'pack', action: 'install', pack: 'onnxruntime-cuda' };
const REMOVE: EngineMessage = { ...INSTALL, action: 'remove' };
const CANCEL: EngineMessage = { ...INSTALL, action: 'cancel' };

type Answer = (request: { task: string; pack?: string }, listeners: Listeners) => Promise<unknown>;
interface Listeners {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number | null) => void;
}

let answer: Answer;
let asked: string[];
let works: (string | undefined)[];

const engines = (): EnginesModel => {
  const made = new EnginesModel({
    tasks: {
      run: (request: { task: string }, listeners: Listeners = {}) => {
        asked.push(request.task);
        return request.task === 'engines' ? Promise.resolve(FOUND) : answer(request, listeners);
      },
    },
    log: { warn: () => undefined },
  } as unknown as ConstructorParameters<typeof EnginesModel>[0]);
  made.onDidChange(() => works.push(made.state.work?.status));
  return made;
};

beforeEach(() => {
  [asked, works] = [[], []];
  answer = () => Promise.resolve({ pack: 'onnxruntime-cuda' });
  Object.assign(workspace, { isTrusted: true });
});

test('they are looked for once, and not where nothing may start', async () => {
  const model = engines();
  await model.look();
  await model.look();
  expect(asked).toEqual(['engines']);
  expect(model.state).toEqual({ found: FOUND, looking: false, message: null, work: null });
  Object.assign(workspace, { isTrusted: false });
  await engines().look();
  expect(asked).toHaveLength(1);
});

test('an installation tells how far it is, and what there is then is looked for', async () => {
  const model = engines();
  answer = (request, { onProgress }) => {
    expect(request).toEqual({ task: 'install-pack', pack: 'onnxruntime-cuda' });
    onProgress?.(5e8, 3.1e9);
    expect(model.state.work).toEqual({ pack: 'onnxruntime-cuda', status: 'installing', done: 5e8, total: 3.1e9 });
    return Promise.resolve({ pack: 'onnxruntime-cuda' });
  };
  await model.act(INSTALL);
  expect(works.slice(0, 3)).toEqual(['installing', 'installing', 'installed']);
  expect(asked).toEqual(['install-pack', 'engines']);
});

test('one that fails says why and can be tried again', async () => {
  const model = engines();
  answer = () => Promise.reject(new InputError('the download broke off'));
  await model.act(INSTALL);
  expect(model.state.work).toMatchObject({ status: 'failed', message: 'the download broke off' });
  answer = () => Promise.resolve({ pack: 'onnxruntime-cuda' });
  await model.act(INSTALL);
  expect(model.state.work?.status).toBe('installed');
});

test('a cancelled one leaves no word, and a second press while one goes on starts nothing', async () => {
  const model = engines();
  answer = (_, { signal }) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => {
        reject(new Error('ended'));
      });
    });
  const ended = model.act(INSTALL);
  await model.act(INSTALL);
  await model.act(REMOVE);
  await model.act(CANCEL);
  await ended;
  expect(asked).toEqual(['install-pack']);
  expect(model.state.work).toBeNull();
});

test('a pack is removed only once that was confirmed', async () => {
  const model = engines();
  shown.answer = undefined;
  await model.act(REMOVE);
  expect(asked).toEqual([]);
  shown.answer = 'Remove';
  answer = (request) => {
    expect(request).toEqual({ task: 'remove-pack', pack: 'onnxruntime-cuda' });
    return Promise.resolve({ pack: 'onnxruntime-cuda' });
  };
  await model.act(REMOVE);
  expect(model.state.work).toEqual({ pack: 'onnxruntime-cuda', status: 'removed' });
  expect(asked).toEqual(['remove-pack', 'engines']);
});
