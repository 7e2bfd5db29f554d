/** Which folders' pictures the panel of a run may load. */
import { dirname, join, parse } from 'node:path';
import { expect, it } from 'vitest';
import { pictureFolders } from '../../../src/extension/runs/picture-folders.ts';
import type { RunState } from '../../../src/shared/run/read-run.ts';
import { temporaryFolder, writeFiles } from '../data/folders.ts';

const folder = temporaryFolder();

function runOn(data: string, imageFolders?: readonly string[]): Pick<RunState, 'identity'> {
  const setup = imageFolders === undefined ? null : { dataset: { imageFolders } };
  return { identity: { job: { data }, setup } } as unknown as Pick<RunState, 'identity'>;
}

it('is that of the dataset, whose file or folder the job names', async () => {
  const data = writeFiles(join(folder.path, 'data'), ['data.yaml']);
  expect(await pictureFolders(runOn(data))).toEqual([data]);
  expect(await pictureFolders(runOn(join(data, 'data.yaml'), []))).toEqual([data]);
});

it('is also where the trainer found images of it', async () => {
  const data = writeFiles(join(folder.path, 'data'), ['data.yaml']);
  const elsewhere = join(dirname(folder.path), 'pictures');
  expect(await pictureFolders(runOn(data, [elsewhere]))).toEqual([data, elsewhere]);
});

it('is none that is gone, relative, or all of the disk', async () => {
  const disk = parse(folder.path).root;
  expect(await pictureFolders(runOn(join(folder.path, 'gone'), [disk, '..', 'images']))).toEqual([]);
});
