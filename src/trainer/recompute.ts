/** Which part of a step is computed again in its backward pass, so that the job fits into memory. */
import { nameOf } from '../graph/ir.ts';
import type { Graph } from '../graph/ir.ts';
import { recomputable } from '../graph/passes/recompute.ts';
import type { Recomputable } from '../graph/passes/recompute.ts';
import { LOGITS } from '../models/base.ts';
import { FEATURES } from './frozen-features.ts';
import { IMAGES, LOSS } from './step.ts';

/** A step as it can be recomputed, in the precision it is computed in. A detector's, which is cut in halves at its loss, cannot. */
export function recomputableStep(graph: Graph): Recomputable {
  const source = graph.inputs.find((input) => [IMAGES, FEATURES].includes(nameOf(input)!));
  if (source === undefined || !graph.outputs.has(LOSS)) return { segments: 0, with: () => graph };
  return recomputable(graph, [LOSS, LOGITS], source);
}

/** The step with the lowest `segments` computed again. */
export function withRecomputation(graph: Graph, segments: number): Graph {
  return segments === 0 ? graph : recomputableStep(graph).with(segments);
}

/** The fewest segments whose recomputation makes the step fit; undefined where all of them do not suffice. */
export function fewestSegments(step: Recomputable, fits: (graph: Graph) => boolean): number | undefined {
  if (fits(step.with(0))) return 0;
  let [tooFew, enough] = [0, step.segments];
  if (enough === 0 || !fits(step.with(enough))) return undefined;
  while (enough - tooFew > 1) {
    const middle = (tooFew + enough) >> 1;
    if (fits(step.with(middle))) enough = middle;
    else tooFew = middle;
  }
  return enough;
}
