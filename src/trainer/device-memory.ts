/** Whether a step fits into the memory of a GPU, told before it starts, with the batch that does. Counted as plan-memory.ts counts. */
import { constantBytes, peakOf } from '../graph/cost.ts';
import type { Graph } from '../graph/ir.ts';
import { lower } from '../graph/passes/lower.ts';
import { BATCH } from '../models/base.ts';
import { InputError } from '../shared/errors.ts';
import { formatBytes } from '../shared/format.ts';
import { arenaBytes } from './arena.ts';

/** The driver's context and the libraries' kernels and work space. */
const CONTEXT_BYTES = 700 * 2 ** 20;

/** Bytes of one step; `graph` is in the precision it is computed in. */
export function deviceBytes(graph: Graph, batch: number): number {
  const bindings = { [BATCH]: batch };
  const { nodes, outputs } = lower(graph);
  const activations = peakOf(nodes, outputs.values(), bindings);
  return CONTEXT_BYTES + constantBytes(nodes, bindings) + arenaBytes({ activations, convolutions: 0 });
}

export interface Device {
  readonly name: string;
  /** Bytes; null where it is not told. */
  readonly memory: number | null;
}

/** Throws an `InputError` that names the largest batch that fits, of those that halving leads to. */
export function checkDeviceMemory(graph: Graph, batch: number, { name, memory }: Device): void {
  if (memory === null) return;
  const needed = deviceBytes(graph, batch);
  if (needed <= memory) return;
  let smaller = Math.floor(batch / 2);
  while (smaller >= 1 && deviceBytes(graph, smaller) > memory) smaller = Math.floor(smaller / 2);
  const room = `${formatBytes(needed)} of the ${formatBytes(memory)} of ${name}`;
  throw new InputError(
    smaller < 1
      ? `even one image at a time needs ${formatBytes(deviceBytes(graph, 1))} of the ${formatBytes(memory)} of ${name}; choose a smaller base`
      : `a batch of ${batch} needs ${room}; ${smaller} fits, with training.accumulate ${Math.ceil(batch / smaller)} for the same updates`,
    { field: 'training.batch' },
  );
}
