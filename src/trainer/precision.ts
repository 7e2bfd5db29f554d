/** In which precision a run computes: what the job says, or what its engine is made for. */
import type { Engine } from '../engines/engine.ts';
import { bfloatsOfFloats, halvesOfFloats } from '../formats/half.ts';
import type { Graph } from '../graph/ir.ts';
import { halfPrecision } from '../graph/passes/half-precision.ts';
import { InputError } from '../shared/errors.ts';
import type { Job } from '../shared/job.ts';

export type Precision = Exclude<Job['precision'], 'auto'>;

/** Throws an `InputError` where the engine does not have what the job names. */
export function precisionOf({ precision }: Job, { name, prefersHalf = false, hasBfloat16 = false }: Engine): Precision {
  if (precision === 'bf16' && !hasBfloat16) {
    throw new InputError(`${name} does not compute in bf16; name fp16 or fp32, or an engine of TensorFlow`, {
      field: 'precision',
    });
  }
  if (precision !== 'auto') return precision;
  return prefersHalf ? 'fp16' : 'fp32';
}

/** A differentiated graph as it is computed in that precision; its inputs and outputs stay float32. */
export function inPrecision(graph: Graph, precision: Precision): Graph {
  switch (precision) {
    case 'fp32':
      return graph;
    case 'fp16':
      return halfPrecision(graph, 'float16', halvesOfFloats);
    case 'bf16':
      return halfPrecision(graph, 'bfloat16', bfloatsOfFloats);
  }
}
