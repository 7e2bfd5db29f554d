/**
 * Loads ONNX Runtime when something is to run, and once a process. CUDA's provider must lie beside the library that loads it, so an engine
 * pack brings its own copy of library and binding; where there is one, the whole process uses that.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { env } from 'node:process';
import type * as Ort from 'onnxruntime-node';

import { findPack } from './packs/installed.ts';

export type OnnxRuntime = typeof Ort;

const BINDING = 'onnxruntime_binding.node';

let loading: Promise<OnnxRuntime> | undefined;

/** The libraries of the `onnxruntime-cuda` pack, as LOWRANK_ONNXRUNTIME_PACK says or as installed; null where there is none. */
export function cudaLibraries(): string | null {
  const given = env['LOWRANK_ONNXRUNTIME_PACK'];
  const pack = given === undefined || given === '' ? findPack('onnxruntime-cuda')?.folder : given;
  return pack === undefined ? null : join(pack, 'lib');
}

export function onnxRuntime(): Promise<OnnxRuntime> {
  return (loading ??= load());
}

async function load(): Promise<OnnxRuntime> {
  const libraries = cudaLibraries();
  if (libraries !== null) useBinding(join(libraries, BINDING));
  return await import('onnxruntime-node');
}

/** The package asks Node for a binding in its own folder, and finds the pack's in its place. */
function useBinding(path: string): void {
  const require = createRequire(import.meta.url);
  try {
    require(path);
  } catch {
    // A broken pack: the package's own library does all but CUDA, and what asks for that is told why it is not there.
    return;
  }
  const package_ = dirname(dirname(require.resolve('onnxruntime-node')));
  const own = join(package_, 'bin', 'napi-v6', process.platform, process.arch, BINDING);
  require.cache[own] = require.cache[path];
}
