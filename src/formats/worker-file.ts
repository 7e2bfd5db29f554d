import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Where the bundle of a worker thread lies: beside the bundle that runs, or in `dist/` of the repository when the sources run
 * as they are (tests). Undefined where nothing was built.
 */
export function workerFile(name: string): string | undefined {
  const file = `${name}.js`;
  let folder = dirname(fileURLToPath(import.meta.url));
  while (true) {
    for (const candidate of [join(folder, file), join(folder, 'dist', file)])
      if (existsSync(candidate)) return candidate;
    const parent = dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
}
