/** The folders whose pictures a run's panel may load: its dataset's own, and those in which its trainer found further images of it. */
import { stat } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import type { RunState } from '../../shared/run/read-run.ts';

/** A run folder is a file from outside: a name that leads to all of the disk is not followed. */
export async function pictureFolders({ identity }: Pick<RunState, 'identity'>): Promise<string[]> {
  const { job, setup } = identity;
  const own = await stat(job.data).then(
    (found) => [found.isDirectory() ? job.data : dirname(job.data)],
    () => [],
  );
  const folders = [...own, ...(setup?.dataset.imageFolders ?? [])];
  return folders.filter((folder) => isAbsolute(folder) && dirname(folder) !== folder);
}
