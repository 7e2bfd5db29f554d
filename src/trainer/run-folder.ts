/** Makes a run folder: where it lies, what it is called, and the job frozen into it. */
import { existsSync, realpathSync } from 'node:fs';
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { writeFileAtomic } from '../formats/atomic-write.ts';
import { codeOf, fileFault } from '../formats/file-faults.ts';
import { makeDirectory } from '../formats/make-directory.ts';
import { InputError } from '../shared/errors.ts';
import type { Job } from '../shared/job.ts';
import type { RunIdentity, RunSetup } from '../shared/run/identity.ts';
import { RUN_PATHS, RUNS_PATH } from '../shared/run/layout.ts';
import { readIdentity } from '../shared/run/read-run.ts';

export interface NewRun {
  /** Its paths absolute: a run is resumed from anywhere. */
  readonly job: Job;
  /** Of Lowrank itself. */
  readonly version: string;
  /** The workspace, in whose `.lowrank/runs/` the folder is made. */
  readonly root: string;
  /** A folder of the user's own choice instead, new or empty. */
  readonly out?: string | undefined;
}

/**
 * Makes the folder with its `run.json` and returns its path. Throws an `InputError` where it would lie inside the dataset,
 * whose class folders it would become one of, or where `out` already holds something.
 */
export async function createRun({ job, version, root, out }: NewRun): Promise<string> {
  const created = new Date();
  const name = job.name ?? basename(resolve(job.data));
  const runs = join(resolve(root), ...RUNS_PATH);
  const intended = resolve(out ?? runs);
  if (isInside(intended, resolve(job.data))) {
    throw new InputError(`a run must not lie inside its dataset ${job.data}; choose another place with --out`, {
      file: intended,
    });
  }
  const folder =
    out === undefined ? await claimName(runs, `${stamp(created)}-${slug(name)}`) : await claimEmpty(intended);
  const identity: RunIdentity = {
    version: 1,
    id: basename(folder),
    name,
    created: created.getTime(),
    versions: { lowrank: version, node: process.version, platform: `${process.platform}-${process.arch}` },
    job,
    setup: null,
  };
  try {
    await mkdir(join(folder, RUN_PATHS.control));
    await rewriteIdentity(folder, identity);
  } catch (error) {
    await discardRun(folder);
    throw fileFault(error, folder);
  }
  return folder;
}

/** Takes away what there is of a run that came to nothing. What withstands stays: why it came to nothing is told, not this. */
export async function discardRun(folder: string): Promise<void> {
  try {
    // Its content first: a folder that is mounted can be emptied but not removed.
    for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true, force: true });
    await rmdir(folder);
  } catch {
    // Nor does it matter.
  }
}

/** Adds to `run.json` what the trainer found when it opened everything. */
export async function recordSetup(folder: string, setup: RunSetup): Promise<void> {
  await rewriteIdentity(folder, { ...(await readIdentity(folder)), setup });
}

/** Puts another `run.json` in the place of the one there, whole or not at all. */
export async function rewriteIdentity(folder: string, identity: RunIdentity): Promise<void> {
  await writeFileAtomic(join(folder, RUN_PATHS.identity), `${JSON.stringify(identity, null, 2)}\n`);
}

/** A new folder below `runs`; two runs started in one second both get one. */
async function claimName(runs: string, name: string): Promise<string> {
  try {
    await makeDirectory(runs);
    const ignore = join(dirname(runs), '.gitignore');
    if (!existsSync(ignore)) await writeFileAtomic(ignore, '*\n');
    for (let copy = 1; ; copy++) {
      const folder = join(runs, copy === 1 ? name : `${name}-${copy}`);
      try {
        await mkdir(folder);
        return folder;
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
      }
    }
  } catch (error) {
    throw fileFault(error, runs);
  }
}

async function claimEmpty(folder: string): Promise<string> {
  let names: string[];
  try {
    await makeDirectory(folder);
    names = await readdir(folder);
  } catch (error) {
    // What stands in the way of the folder may be a file of its name.
    throw codeOf(error) === 'EEXIST'
      ? new InputError('is a file, not a folder', { file: folder })
      : fileFault(error, folder);
  }
  if (names.length === 0) return folder;
  const advice = names.includes(RUN_PATHS.identity) ? 'go on with it by `lowrank resume`, or name' : 'name';
  throw new InputError(`already holds ${names[0]!}; ${advice} a new folder`, { file: folder });
}

/** `2026-03-01-142530`, local time: people look for a run by when they started it. */
function stamp(date: Date): string {
  const [year, ...rest] = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  const two = (n: number): string => String(n).padStart(2, '0');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join('');
  return [year, ...rest.map(two), time].join('-');
}

/** Run folders lie in paths that other tools must swallow: letters and digits of any script, and hyphens, not many. */
function slug(name: string): string {
  const plain = name
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-');
  const [short = ''] = /^.{0,40}/u.exec(plain.replace(/^-/, '')) ?? [];
  return short.replace(/-$/, '') || 'run';
}

function isInside(path: string, folder: string): boolean {
  const way = relative(realPath(folder), realPath(path));
  return way === '' || !(way === '..' || way.startsWith(`..${sep}`) || resolve(way) === way);
}

/** With links resolved, as far as the path exists. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}
