/** From a differentiated graph to the one that is written for an engine. */
import type { Graph } from '../ir.ts';
import { eliminateDeadCode } from './eliminate-dead-code.ts';
import { expandComposites } from './expand-composites.ts';
import { shareCommon } from './share-common.ts';

export function lower(graph: Graph): Graph {
  // Dead code first: bodies of dead composites need no expansion. Sharing last: expansions of the forward and backward pass meet.
  return eliminateDeadCode(shareCommon(expandComposites(eliminateDeadCode(graph))));
}
