/** The engines by name: those of the npm package, and those of installed packs. */
import { env } from 'node:process';
import { InputError } from '../shared/errors.ts';
import type { Engine } from './engine.ts';
import { ONNX_RUNTIME_ENGINES, onnxRuntimeCpu } from './onnxruntime.ts';
import { tensorFlow } from './tensorflow.ts';
import { findPack } from './packs/installed.ts';

const TENSORFLOW_ENGINES = ['tensorflow-cuda', 'tensorflow-cpu'] as const;
type TensorFlowName = (typeof TENSORFLOW_ENGINES)[number];

export interface EngineChoice {
  /** Folder for what XLA compiles, which turns it on; of effect with TensorFlow alone. */
  readonly xlaCache?: string | undefined;
}

/** Every name that a job may give beside `auto`. */
export const ENGINE_NAMES: readonly string[] = [...ONNX_RUNTIME_ENGINES.map(({ name }) => name), ...TENSORFLOW_ENGINES];

/**
 * `auto` is here the engine that works everywhere: for single images, where starting another would cost more than it saves.
 * Throws an `InputError` for a name that there is not, or whose pack is not installed.
 */
export function chooseEngine(name: string, choice: EngineChoice = {}): Engine {
  if (name === 'auto') return onnxRuntimeCpu;
  const embedded = ONNX_RUNTIME_ENGINES.find((candidate) => candidate.name === name);
  if (embedded !== undefined) return embedded;
  const fromPack = TENSORFLOW_ENGINES.find((candidate) => candidate === name);
  if (fromPack !== undefined) return tensorFlow({ ...packOf(fromPack), ...choice });
  throw new InputError(`there is no engine "${name}"; there are ${ENGINE_NAMES.join(', ')}`, { field: 'engine' });
}

function packOf(name: TensorFlowName): { name: TensorFlowName; folder: string } {
  const folder = tensorFlowFolder(name);
  if (folder !== null) return { name, folder };
  throw new InputError(`${name} is not installed; \`lowrank engines install ${name}\` does it`, { field: 'engine' });
}

/** Where a pack lies: as LOWRANK_TENSORFLOW_PACK says, for development and tests, or where it was installed. */
export function tensorFlowFolder(name: TensorFlowName): string | null {
  const given = env['LOWRANK_TENSORFLOW_PACK'];
  if (given !== undefined && given !== '' && given.includes('cuda') === (name === 'tensorflow-cuda')) return given;
  return findPack(name)?.folder ?? null;
}
