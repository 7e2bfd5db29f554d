/**
 * Reverse mode. Gradients are nodes of the same graph, written by each op's VJP; only what lies between a wanted value and the loss
 * is differentiated, so a frozen layer gets no weight gradient and nothing below the lowest adapter gets a backward pass.
 */
import { add } from './build.ts';
import { isTrainable } from './ir.ts';
import type { Graph, Node, Value } from './ir.ts';
import { lookUp } from './registry.ts';
import { formatShape, sameShape } from './shape.ts';

/** Appends the gradients of the scalar `loss`, one for each of `wanted`; zero where the loss does not depend on it. */
export function gradients(loss: Value, wanted: readonly Value[]): Value[] {
  const { graph } = loss;
  const needed = dependents(graph, wanted);
  const arrived = new Map<Value, Value>([[loss, graph.scalar(1)]]);
  // The list grows while VJPs write into the graph; the forward nodes are those that stand in it now.
  const forward = [...graph.nodes];
  for (const node of forward.reverse()) {
    const incoming = node.outputs.map((output) => arrived.get(output));
    if (incoming.every((gradient) => gradient === undefined) || !node.outputs.some((output) => needed.has(output)))
      continue;
    propagate(node, incoming, needed, arrived);
  }
  return wanted.map((value) => arrived.get(value) ?? graph.constant(zerosLike(value)));
}

/** Gradients of every trainable input, in the order of the inputs. */
export function trainableGradients(loss: Value): { readonly parameter: Value; readonly gradient: Value }[] {
  const parameters = loss.graph.inputs.filter(isTrainable);
  return gradients(loss, parameters).map((gradient, index) => ({ parameter: parameters[index]!, gradient }));
}

function propagate(
  node: Node,
  incoming: readonly (Value | undefined)[],
  needed: ReadonlySet<Value>,
  arrived: Map<Value, Value>,
): void {
  const lazy = lookUp(node.op).vjp(node, incoming);
  node.inputs.forEach((input, index) => {
    const write = lazy[index];
    if (input === undefined || write === undefined || !needed.has(input)) return;
    const gradient = write();
    if (!sameShape(gradient.shape, input.shape)) {
      throw new Error(
        `${node.op}: gradient ${index} is ${formatShape(gradient.shape)}, not ${formatShape(input.shape)}`,
      );
    }
    const before = arrived.get(input);
    arrived.set(input, before === undefined ? gradient : add(before, gradient));
  });
}

/** The values that depend on one of `roots`, the roots among them. */
export function dependents(graph: Graph, roots: Iterable<Value>): ReadonlySet<Value> {
  const reached = new Set(roots);
  for (const node of graph.nodes) {
    if (node.inputs.some((input) => input !== undefined && reached.has(input))) {
      for (const output of node.outputs) reached.add(output);
    }
  }
  return reached;
}

function zerosLike({ shape }: Value) {
  const dims = shape.map((dim) => {
    if (typeof dim !== 'number') throw new Error('a trainable input has a symbolic shape');
    return dim;
  });
  return { dtype: 'float32', shape: dims, data: new Float32Array(dims.reduce((size, dim) => size * dim, 1)) } as const;
}
