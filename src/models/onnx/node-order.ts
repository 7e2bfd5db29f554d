/** Nodes in an order in which they can run. ONNX asks for it, but converters to half precision append their casts at the end. */
import { InputError } from '../../shared/errors.ts';
import type { Place } from '../../shared/errors.ts';
import type { SourceNode } from './functions.ts';

/** Those that stand right keep their order. Throws an `InputError` for nodes that wait for each other. */
export function inRunningOrder(nodes: readonly SourceNode[], place: Place): SourceNode[] {
  const writers = new Map<string, SourceNode>();
  for (const node of nodes) for (const name of node.outputs) if (name !== '') writers.set(name, node);
  const begun = new Set<SourceNode>();
  // In the order in which they are added.
  const done = new Set<SourceNode>();
  for (const first of nodes) {
    // A list of its own instead of recursion: a network may be thousands of nodes deep.
    const pending = done.has(first) ? [] : [first];
    for (let node = pending.at(-1); node !== undefined; node = pending.at(-1)) {
      begun.add(node);
      const before = node.inputs.map((name) => writers.get(name)).find((writer) => writer && !done.has(writer));
      if (before === undefined) {
        done.add(node);
        pending.pop();
      } else if (begun.has(before)) {
        throw new InputError('its nodes wait for each other; is the file damaged?', place);
      } else pending.push(before);
    }
  }
  return [...done];
}
