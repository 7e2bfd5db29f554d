/** What this machine can train on, for a person to choose from. */
import type { EngineOption } from '../shared/protocol/results.ts';
import { allEngines, chooseEngine } from './choose.ts';
import { physicalCores } from './threads.ts';

export function engineOptions(): EngineOption[] {
  const automatic = chooseEngine('auto').name;
  const threads = physicalCores();
  return allEngines().map(({ name, device }) => ({ name, device, threads, automatic: name === automatic }));
}
