/**
 * Reverse mode. Gradients are nodes of the same graph, written by each op's VJP; only what lies between a wanted value and the loss
 * is differentiated, so a frozen layer gets no weight gradient and nothing below the lowest adapter gets a backward pass.
 */
import { add } from './build.ts';
import { addDependents } from './dependents.ts';
import { isTrainable } from './ir.ts';
import type { Graph, Node, Value } from './ir.ts';
import { lookUp } from './registry.ts';
import { formatShape, sameShape } from './shape.ts';

/** Appends the gradients of the scalar `loss`, one for each of `wanted`; zero where the loss does not depend on it. */
export function gradients(loss: Value, wanted: readonly Value[]): Value[] {
  return pullBack(loss.graph, new Map([[loss, loss.graph.scalar(1)]]), wanted);
}

/**
 * The same of Σ value ∘ seed over the `seeds`, each of its value's shape: where a loss outside the graph gives its gradient by these values.
 */
export function pullBack(graph: Graph, seeds: ReadonlyMap<Value, Value>, wanted: readonly Value[]): Value[] {
  const pass: Pass = { needed: new Set(wanted), arrived: new Map(seeds) };
  // A copy: the list grows while VJPs write into the graph.
  const forward = [...graph.nodes];
  addDependents(forward, pass.needed);
  backward(forward, pass);
  return wanted.map((value) => pass.arrived.get(value) ?? graph.constant(zerosLike(value)));
}

/** Gradients of every trainable input, in the order of the inputs. */
export function trainableGradients(loss: Value): { readonly parameter: Value; readonly gradient: Value }[] {
  const parameters = loss.graph.inputs.filter(isTrainable);
  return gradients(loss, parameters).map((gradient, index) => ({ parameter: parameters[index]!, gradient }));
}

interface Pass {
  /** Values that depend on a wanted one: those that gradients pass through. */
  readonly needed: Set<Value>;
  readonly arrived: Map<Value, Value>;
}

function backward(nodes: readonly Node[], pass: Pass): void {
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((output) => pass.needed.has(output))) continue;
    const incoming = node.outputs.map((output) => pass.arrived.get(output));
    if (incoming.every((gradient) => gradient === undefined)) continue;
    propagate(node, incoming, pass);
  }
}

function propagate(node: Node, incoming: readonly (Value | undefined)[], pass: Pass): void {
  const op = lookUp(node.op);
  if (op.vjp === undefined) {
    differentiateBody(node, op.expand, incoming, pass);
    return;
  }
  if (op.differentiable !== 'all' && incoming.slice(1).some((gradient) => gradient !== undefined)) {
    throw new Error(`${node.op}: only its first output has a gradient`);
  }
  const lazy = op.vjp(node, incoming);
  node.inputs.forEach((input, index) => {
    const write = lazy[index];
    if (input === undefined || write === undefined || !pass.needed.has(input)) return;
    const gradient = write();
    if (!sameShape(gradient.shape, input.shape)) {
      throw new Error(
        `${node.op}: gradient ${index} is ${formatShape(gradient.shape)}, not ${formatShape(input.shape)}`,
      );
    }
    arrive(input, gradient, pass);
  });
}

/** A composite without a VJP: its body is written once more and differentiated; passes/share-common.ts makes the two bodies one. */
function differentiateBody(
  node: Node,
  expand: (node: Node) => readonly Value[],
  incoming: readonly (Value | undefined)[],
  pass: Pass,
): void {
  const { graph } = node.outputs[0]!;
  const start = graph.nodes.length;
  const outputs = expand(node);
  const body = graph.nodes.slice(start);
  addDependents(body, pass.needed);
  incoming.forEach((gradient, index) => {
    if (gradient !== undefined) arrive(outputs[index]!, gradient, pass);
  });
  backward(body, pass);
}

function arrive(value: Value, gradient: Value, { arrived }: Pass): void {
  const before = arrived.get(value);
  arrived.set(value, before === undefined ? gradient : add(before, gradient));
}

function zerosLike({ shape }: Value) {
  const dims = shape.map((dim) => {
    if (typeof dim !== 'number') throw new Error('a trainable input has a symbolic shape');
    return dim;
  });
  return { dtype: 'float32', shape: dims, data: new Float32Array(dims.reduce((size, dim) => size * dim, 1)) } as const;
}
