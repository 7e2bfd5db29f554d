/** The engines of this build by name; `auto` is the fastest that works here. */
import { InputError } from '../shared/errors.ts';
import type { Engine } from './engine.ts';
import { onnxRuntimeCpu } from './onnxruntime.ts';

/** In the order in which `auto` prefers them. */
const ENGINES: readonly Engine[] = [onnxRuntimeCpu];

export function chooseEngine(name: string): Engine {
  const engine = name === 'auto' ? ENGINES[0] : ENGINES.find((candidate) => candidate.name === name);
  if (engine !== undefined) return engine;
  const names = ENGINES.map((candidate) => candidate.name).join(', ');
  throw new InputError(`there is no engine "${name}"; there are ${names}`, { field: 'engine' });
}

export function allEngines(): readonly Engine[] {
  return ENGINES;
}
