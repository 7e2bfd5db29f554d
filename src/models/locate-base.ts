/** Where the files of a base lie, by what the job calls it. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dataHome } from '../formats/data-home.ts';
import { kindOfBase } from '../shared/base-name.ts';
import { SAMPLE_DETECTOR } from '../shared/task-defaults.ts';
import { InputError } from '../shared/errors.ts';
import type { BaseIdentity } from './base.ts';
import { resolveHub } from './hub.ts';

export interface BasePlace {
  /** A folder or a file, which for a path need not exist. */
  readonly path: string;
  readonly origin: Pick<BaseIdentity, 'source' | 'revision'>;
}

/** `directory` is what relative paths start from. A model on the hub is downloaded. */
export async function locateBase(name: string, directory = process.cwd()): Promise<BasePlace> {
  switch (kindOfBase(name)) {
    case 'sample':
      return { path: name === SAMPLE_DETECTOR ? sampleDetector() : sampleBase(), origin: { source: name } };
    case 'hub': {
      const [source, revision] = name.split('@');
      return { path: await resolveHub(name, { cacheDir: dataHome('hub') }), origin: { source: source!, revision } };
    }
    case 'path': {
      const path = resolve(directory, name);
      return { path, origin: { source: path } };
    }
  }
}

/** The files of a base that was opened, of which its graph holds a part. */
export async function locateAgain({ source, revision }: BaseIdentity): Promise<string> {
  const { path } = await locateBase(revision === undefined ? source : `${source}@${revision}`);
  return path;
}

/** The small base that is shipped with Lowrank, beside the bundle or, in tests, beside the sources. */
export function sampleBase(): string {
  return assetAt('sample-base');
}

/** The same for images with boxes. */
export function sampleDetector(): string {
  return join(assetAt('sample-detector'), 'model.pt');
}

function assetAt(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const candidate = join(folder, 'assets', name);
    if (existsSync(candidate)) return candidate;
    const parent = dirname(folder);
    if (parent === folder)
      throw new InputError('the sample base is missing from this installation; install Lowrank again');
    folder = parent;
  }
}
