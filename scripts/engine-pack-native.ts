/** What is done with native files: search paths set, a binding compiled, and the question which libraries a pack still needs. */
import { join } from 'node:path';
import { compareVersions } from '../src/engines/packs/manifest.ts';
import { run } from './package-cache.mjs';

/** Given by the machine that installs the pack: C library, GCC's runtime, zlib (cuDNN) and the NVIDIA driver. */
const GIVEN =
  /^(libc|libm|libdl|librt|libpthread|libutil|ld-linux-x86-64|libgcc_s|libstdc\+\+|libz|libcuda|libnvidia-ml)\.so(\.\d+)?$/;

/** Libraries that `files` in `folder` name and that neither the pack nor the system gives. */
export function missingLibraries(folder: string, files: readonly string[]): string[] {
  const present = new Set(files.map((file) => file.slice(file.lastIndexOf('/') + 1)));
  const needed = files.flatMap((file) =>
    matches(run('readelf', ['-d', join(folder, file)]), /\(NEEDED\).*\[([^\]]+)\]/g),
  );
  return [...new Set(needed)].filter((name) => !present.has(name) && !GIVEN.test(name));
}

/** The newest glibc that any of `files` asks for. */
export function neededLibc(folder: string, files: readonly string[]): string {
  const versions = files.flatMap((file) =>
    matches(run('readelf', ['--version-info', '--wide', join(folder, file)]), /Name: GLIBC_([\d.]+)/g),
  );
  return versions.reduce((newest, version) => (compareVersions(version, newest) > 0 ? version : newest), '2.17');
}

/** Lets libraries of one folder find each other in it, and nowhere else before. */
export function findInOwnFolder(patchelf: string, path: string): void {
  run(patchelf, ['--set-rpath', '$ORIGIN', path]);
}

export interface TfjsSources {
  /** Of `@tensorflow/tfjs-node-gpu`. */
  readonly binding: string;
  readonly tensorflowHeaders: string;
  readonly nodeHeaders: string;
}

/** Compiles the binding of tfjs-node against the libraries of the pack. */
export function compileTfjsBinding(pack: string, { binding, tensorflowHeaders, nodeHeaders }: TfjsSources): void {
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(binding, name));
  run('g++', [
    ...['-O2', '-fPIC', '-shared', '-std=c++17', '-DNAPI_VERSION=8', '-s'],
    ...[`-I${tensorflowHeaders}`, `-I${nodeHeaders}`, ...sources],
    ...[`-L${join(pack, 'lib')}`, '-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'],
    // The libraries are large, and what they need in turn is looked for when the pack is checked.
    ...['-Wl,--allow-shlib-undefined', '-Wl,-rpath,$ORIGIN/../lib'],
    ...['-o', join(pack, 'binding/tfjs_binding.node')],
  ]);
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, found]) => found!);
}
