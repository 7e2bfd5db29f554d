/** Which values depend on which: what differentiation, caching and folding ask a graph first. */
import type { Node, Value } from './ir.ts';

/** Adds to `values` all that nodes compute from one that is in it. Nodes stand in the order they run. */
export function addDependents(nodes: readonly Node[], values: Set<Value>): void {
  for (const node of nodes) {
    if (node.inputs.some((input) => input !== undefined && values.has(input))) {
      for (const output of node.outputs) values.add(output);
    }
  }
}

/** The values that depend on one of `roots`, the roots among them. */
export function dependents(nodes: readonly Node[], roots: Iterable<Value>): ReadonlySet<Value> {
  const values = new Set(roots);
  addDependents(nodes, values);
  return values;
}
