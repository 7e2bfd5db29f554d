/** What the panel says of a faster engine while it is offered, installed and refused. */
import { beforeEach, expect, test, vi } from 'vitest';
import { EngineOffer } from '../../../src/extension/sidebar/engine-offer.ts';
import { InputError } from '../../../src/shared/errors.ts';
import { workspace } from '../../fake-vscode.ts';

vi.mock('vscode', async () => (await import('../../fake-vscode.ts')).module);

const OFFER = { pack: 'onnxruntime-cuda', bytes: 1.2e9, unpackedBytes: 1.9e9 };

type Answer = (request: { task: string; pack?: string }, listeners: Listeners) => Promise<unknown>;
interface Listeners {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number | null) => void;
}

let answer: Answer;
let asked: string[];
let states: (string | undefined)[];

const offer = (): EngineOffer => {
  const made = new EngineOffer({
    tasks: {
      run: (request: { task: string }, listeners: Listeners = {}) => {
        asked.push(request.task);
        return request.task === 'pack-offer' ? Promise.resolve({ offer: OFFER }) : answer(request, listeners);
      },
    },
    log: { info: () => undefined },
  } as unknown as ConstructorParameters<typeof EngineOffer>[0]);
  made.onDidChange(() => states.push(made.state?.status));
  return made;
};

beforeEach(() => {
  [asked, states] = [[], []];
  answer = () => Promise.resolve({});
  Object.assign(workspace, { isTrusted: true });
});

test('it is asked for once, and not where nothing may start', async () => {
  const model = offer();
  await model.look();
  await model.look();
  expect(asked).toEqual(['pack-offer']);
  expect(model.state).toEqual({ ...OFFER, status: 'offered' });
  Object.assign(workspace, { isTrusted: false });
  await offer().look();
  expect(asked).toHaveLength(1);
});

test('an installation tells how far it is, and ends', async () => {
  const model = offer();
  await model.look();
  answer = (request, { onProgress }) => {
    expect(request).toEqual({ task: 'install-pack', pack: OFFER.pack });
    onProgress?.(5e8, 3.1e9);
    expect(model.state).toEqual({ ...OFFER, status: 'installing', done: 5e8, total: 3.1e9 });
    return Promise.resolve({});
  };
  await model.install();
  expect(states).toEqual(['offered', 'installing', 'installing', 'installed']);
});

test('one that fails says why and can be tried again', async () => {
  const model = offer();
  await model.look();
  answer = () => Promise.reject(new InputError('the download broke off'));
  await model.install();
  expect(model.state).toMatchObject({ status: 'failed', message: 'the download broke off' });
  answer = () => Promise.resolve({});
  await model.install();
  expect(model.state?.status).toBe('installed');
});

test('a cancelled one is offered again', async () => {
  const model = offer();
  await model.look();
  answer = (_, { signal }) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => {
        reject(new Error('ended'));
      });
    });
  const ended = model.install();
  // A second press while it goes on starts nothing.
  await model.install();
  model.cancel();
  await ended;
  expect(asked).toEqual(['pack-offer', 'install-pack']);
  expect(model.state?.status).toBe('offered');
});
