/** Which libraries the files of a pack still miss, asked of the system's own loader. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { InputError } from '../../shared/errors.ts';
import type { Manifest } from './manifest.ts';

/** The largest library is resolved in a second; a disk that sleeps takes some more. */
const TIMEOUT_MS = 60_000;
const MAX_OUTPUT = 2 ** 20;
const BINARY = /\.so(\.\d+)*$|\.node$/;

/** Who gives what a pack does not bring. */
const GIVERS: readonly (readonly [name: RegExp, giver: string])[] = [
  [/^libcuda\.so|^libnvidia-/, 'it comes with the NVIDIA driver'],
  [/^libstdc\+\+|^libgcc_s/, "it comes with the system's package of GCC's C++ library"],
  [/^libz\.so/, "it comes with the system's package of zlib"],
];

/** Throws an `InputError` that names the first library which a file of the pack in `folder` needs and nobody here has. */
export async function checkLibraries(folder: string, { files }: Pick<Manifest, 'files'>): Promise<void> {
  for (const { path } of files.filter((file) => BINARY.test(file.path))) {
    const [missing] = missingIn(await resolved(join(folder, path)));
    if (missing === undefined) continue;
    const giver = GIVERS.find(([name]) => name.test(missing))?.[1] ?? 'the pack is not complete';
    throw new InputError(`needs ${missing}, which this system does not have; ${giver}`, { file: path });
  }
}

/** What `ldd` prints; nothing where there is no `ldd`. */
async function resolved(file: string): Promise<string> {
  const options = { timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT, env: { ...process.env, LC_ALL: 'C' } };
  try {
    const { stdout, stderr } = await promisify(execFile)('ldd', [file], options);
    return `${stdout}\n${stderr}`;
  } catch (error) {
    // It ends with a fault of its own where a library asks for a newer one than is there, and says so.
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return `${stdout}\n${stderr}`;
  }
}

/** `libfoo.so.1`, and `GLIBC_2.38 of libc.so.6` for one that is too old. */
export function missingIn(text: string): readonly string[] {
  const absent = [...text.matchAll(/^\s*(\S+) => not found/gm)].map(([, name]) => name!);
  const old = [...text.matchAll(/(\S+): version `(\S+)' not found/g)].map(
    ([, file, version]) => `${version!} of ${file!.slice(file!.lastIndexOf('/') + 1)}`,
  );
  return [...absent, ...old];
}
