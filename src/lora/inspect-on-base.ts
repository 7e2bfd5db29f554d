/** An adapter held against the base it was trained on: what it changes there, and what a whole copy would take. */
import type { Base } from '../models/base.ts';
import { frozenTensors } from '../models/frozen.ts';
import type { AdapterReport } from '../shared/adapter-report.ts';
import { type Adapter, checkBase, renamed } from './adapter.ts';
import type { InspectBase } from './inspect-base.ts';
import { inspectAdapter, type InspectOptions } from './inspect.ts';

/** Throws an `InputError` where the adapter belongs to another base. `place` names the adapter in errors. */
export function inspectOnBase(
  adapter: Adapter,
  base: Base,
  place: string,
  options: Omit<InspectOptions, 'base'> = {},
): AdapterReport {
  const { sha256, fusedBatchNorm } = base.identity;
  checkBase(adapter, { name: base.name, sha256, fusedBatchNorm }, place);
  // Its modules called as the base calls them.
  const fitted = renamed(adapter, (path) => base.aliases.get(path));
  return inspectAdapter(fitted, { ...options, base: weightsOf(base, fitted) });
}

function weightsOf({ graph }: Base, { saved }: Adapter): InspectBase {
  const frozen = frozenTensors(graph);
  let parameters = 0;
  for (const [name, { data }] of frozen) parameters += (saved.get(name)?.data ?? data).length;
  return { weight: (module) => frozen.get(`${module}.weight`), parameters };
}
