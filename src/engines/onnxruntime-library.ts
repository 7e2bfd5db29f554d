/**
 * Loads ONNX Runtime when something is to run, and once a process. CUDA's provider must lie beside the library that loads it, so an engine
 * pack brings its own copy of library and binding; where there is one, the whole process uses that.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as Ort from 'onnxruntime-node';

export type OnnxRuntime = typeof Ort;

const BINDING = 'onnxruntime_binding.node';

let loading: Promise<OnnxRuntime> | undefined;

/** The folder of an installed `onnxruntime-cuda` pack's libraries; null where there is none. */
export function cudaLibraries(): string | null {
  const pack = process.env['LOWRANK_ONNXRUNTIME_PACK'];
  return pack === undefined || pack === '' ? null : join(pack, 'lib');
}

export function onnxRuntime(): Promise<OnnxRuntime> {
  return (loading ??= load());
}

async function load(): Promise<OnnxRuntime> {
  const libraries = cudaLibraries();
  if (libraries !== null && existsSync(join(libraries, BINDING))) useBinding(join(libraries, BINDING));
  return await import('onnxruntime-node');
}

/** The package asks Node for a binding in its own folder, and finds the pack's in its place. */
function useBinding(path: string): void {
  const require = createRequire(import.meta.url);
  require(path);
  const package_ = dirname(dirname(require.resolve('onnxruntime-node')));
  const own = join(package_, 'bin', 'napi-v6', process.platform, process.arch, BINDING);
  require.cache[own] = require.cache[path];
}
