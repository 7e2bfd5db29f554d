/** An installation whose embedded bases are damaged: what else there is stays in the list. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { findBases } from '../../../src/models/find-bases.ts';
import type { BaseCandidate } from '../../../src/shared/protocol/results.ts';
import { InputError } from '../../../src/shared/errors.ts';
import { temporaryFolder, writeFiles } from '../data/folders.ts';

const places = vi.hoisted(() => ({ classifier: (): string => '', detector: (): string => '' }));
vi.mock('../../../src/models/locate-base.ts', () => ({
  sampleBase: () => places.classifier(),
  sampleDetector: () => places.detector(),
}));

const SOUND = join(import.meta.dirname, '../../fixtures/yolo/drawn.pt');
const folder = temporaryFolder();
let work: string;

beforeEach(() => {
  work = writeFiles(`${folder.path}/work`, { 'net.onnx': new Uint8Array(7) });
  places.classifier = () =>
    writeFiles(`${folder.path}/assets/sample-base`, {
      'config.json': new Uint8Array(Buffer.from('{"model_type":"vit"}')),
      'model.safetensors': new Uint8Array(9),
    });
  places.detector = () => SOUND;
});

async function found(): Promise<Record<string, string | null>> {
  const { bases } = await findBases([work], { cache: `${folder.path}/none` });
  return Object.fromEntries(bases.map(({ label, obstacle }: BaseCandidate) => [label, obstacle]));
}

it('lists both embedded bases as usable where they are whole', async () => {
  expect(await found()).toEqual({ sample: null, 'sample-detector': null, 'net.onnx': null });
});

it.each([
  ['classifier', 'sample', 'sample-detector'],
  ['detector', 'sample-detector', 'sample'],
] as const)('tells that the embedded %s is gone, beside all others', async (which, label, other) => {
  places[which] = () => {
    throw new InputError('missing from this installation; install Lowrank again');
  };
  expect(await found()).toEqual({
    [label]: 'missing from this installation; install Lowrank again',
    [other]: null,
    'net.onnx': null,
  });
});

it.each([
  ['without weights', { 'config.json': '{"model_type":"vit"}' }, 'its weights are missing'],
  ['without a config', { 'model.safetensors': 'weights' }, 'its config.json is missing'],
  ['whose config is cut', { 'config.json': '{', 'model.safetensors': 'weights' }, 'config.json:1: invalid JSON'],
])('tells what is wrong with a classifier %s', async (_, files, reason) => {
  const name = `broken-${Object.keys(files).length}-${reason.length}`;
  const bytes = Object.entries(files).map(([file, text]) => [file, new Uint8Array(Buffer.from(text))]);
  places.classifier = () =>
    writeFiles(`${folder.path}/${name}`, Object.fromEntries(bytes) as Record<string, Uint8Array>);
  expect(await found()).toEqual({
    sample: expect.stringContaining(reason) as string,
    'sample-detector': null,
    'net.onnx': null,
  });
});

it.each([
  ['is not there', undefined, 'no such file'],
  ['is cut in two', readFileSync(SOUND).subarray(0, 5000), 'zip'],
])('tells that the detector %s', async (_, bytes, reason) => {
  const path = `${folder.path}/lost-${bytes?.length ?? 0}`;
  if (bytes !== undefined) writeFiles(path, { 'model.pt': new Uint8Array(bytes) });
  places.detector = () => `${path}/model.pt`;
  expect(await found()).toEqual({
    sample: null,
    'sample-detector': expect.stringContaining(reason) as string,
    'net.onnx': null,
  });
});
