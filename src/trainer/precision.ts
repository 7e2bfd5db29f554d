/** In which precision a run computes: what the job says, or what its engine is made for. */
import type { Engine } from '../engines/engine.ts';
import { halvesOfFloats } from '../formats/half.ts';
import type { Graph } from '../graph/ir.ts';
import { halfPrecision } from '../graph/passes/half-precision.ts';
import type { Job } from '../shared/job.ts';

export type Precision = Exclude<Job['precision'], 'auto'>;

export function precisionOf({ precision }: Job, { prefersHalf = false }: Engine): Precision {
  if (precision !== 'auto') return precision;
  return prefersHalf ? 'fp16' : 'fp32';
}

/** A differentiated graph as it is computed in that precision; its inputs and outputs stay float32. */
export function inPrecision(graph: Graph, precision: Precision): Graph {
  return precision === 'fp16' ? halfPrecision(graph, halvesOfFloats) : graph;
}
