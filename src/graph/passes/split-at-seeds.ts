/**
 * Cuts a differentiated graph where a loss outside it stands: what no seed reaches runs first and gives the values that the loss reads,
 * the rest runs when the loss has given its gradient by them. What the second part needs of the first is saved; what is cheap to compute
 * from saved values (and inputs) is computed again instead, since saving it would take memory and, of a convolution's result in the
 * engine's own layout, a copy.
 */
import { addDependents } from '../dependents.ts';
import type { Graph, Node, Value } from '../ir.ts';
import { embed } from '../rewrite.ts';
import { FlowNetwork } from '../minimum-cut.ts';
import { elements } from '../shape.ts';
import type { Shape } from '../shape.ts';
import { bytesOf } from '../tensor.ts';
import type { DType } from '../tensor.ts';
import { eliminateDeadCode } from './eliminate-dead-code.ts';
import { lower } from './lower.ts';

export interface SeedSplit {
  /** The graph's inputs but for the seeds → the outputs that no seed reaches, and the saved values. */
  readonly forward: Graph;
  /** Seeds, saved values and the graph's inputs that are still read → the other outputs. */
  readonly backward: Graph;
  /** Outputs of the one and inputs of the other, by the same names. */
  readonly saved: readonly SavedValue[];
}

export interface SavedValue {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** At most a pass over memory: less than the convolutions and products around them. */
const CHEAP = new Set([
  'Add',
  'Cast',
  'Clip',
  'Concat',
  'Expand',
  'HardSigmoid',
  'LeakyRelu',
  'Mul',
  'Neg',
  'Pad',
  'Relu',
  'Reshape',
  'Sigmoid',
  'Slice',
  'Split',
  'Step',
  'StopGradient',
  'Sub',
  'Transpose',
]);

/** `isSeed` says of the graph's inputs which are fed after the loss. Names of saved values begin with `saved `. */
export function splitAtSeeds(graph: Graph, isSeed: (input: Value) => boolean): SeedSplit {
  const { nodes, inputs, outputs, empty } = parts(lower(graph));
  const late = new Set(inputs.filter(isSeed));
  addDependents(nodes, late);
  const isLate = ({ outputs: [first] }: Node): boolean => late.has(first!);
  const [early, rest] = [nodes.filter((node) => !isLate(node)), nodes.filter(isLate)];
  const { saved, recomputed } = chooseSaved(early, rest);
  const names = new Map([...saved].map((value, index) => [value, `saved ${index}`]));

  const forward = empty();
  const first = new Map([
    ...[...outputs].filter(([, value]) => !late.has(value)),
    ...[...names].map(([value, name]) => [name, value] as const),
  ]);
  const fed = inputs.filter((input) => !isSeed(input));
  for (const [name, value] of embed({ inputs: fed, nodes: early, outputs: first }, forward, {}))
    forward.output(name, value);

  const backward = empty();
  const second = new Map([...outputs].filter(([, value]) => late.has(value)));
  const again = nodes.filter((node) => isLate(node) || recomputed.has(node));
  const written = embed({ inputs: readBy(again, inputs), nodes: again, outputs: second }, backward, {
    replace: (leaf, to) => {
      const name = names.get(leaf);
      return name === undefined ? undefined : to.input(name, leaf.shape, leaf.dtype);
    },
  });
  for (const [name, value] of written) backward.output(name, value);
  return {
    forward: eliminateDeadCode(forward),
    backward: eliminateDeadCode(backward),
    saved: [...names].map(([{ shape, dtype }, name]) => ({ name, shape, dtype })),
  };
}

function parts(graph: Graph) {
  return { nodes: graph.nodes, inputs: graph.inputs, outputs: graph.outputs, empty: () => graph.empty() };
}

/**
 * What is saved of the early nodes for the late ones, and the early nodes that run once more: the least memory from which cheap nodes
 * lead to all that is wanted, which is a minimum cut (as in PyTorch's `min_cut_rematerialization_partition`).
 */
function chooseSaved(
  early: readonly Node[],
  late: readonly Node[],
): { saved: ReadonlySet<Value>; recomputed: ReadonlySet<Node> } {
  const wanted = new Set(late.flatMap(({ inputs }) => inputs).filter((input) => input?.source.kind === 'node'));
  const network = new FlowNetwork();
  const [source, sink] = [network.place(), network.place()];
  /** Of each early value the places before and after it: between them it is saved. */
  const places = new Map<Value, readonly [number, number]>();
  for (const node of early) {
    for (const output of node.outputs) {
      const [before, after] = [network.place(), network.place()];
      places.set(output, [before, after]);
      network.connect(before, after, bytes(output));
      if (!CHEAP.has(node.op)) network.connect(source, before, Infinity);
      else
        for (const input of node.inputs)
          if (input && places.has(input)) network.connect(places.get(input)![1], before, Infinity);
      if (wanted.has(output)) network.connect(after, sink, Infinity);
    }
  }
  const side = network.sourceSide(source, sink);
  const saved = new Set(
    [...places].flatMap(([value, [before, after]]) => (side.has(before) && !side.has(after) ? [value] : [])),
  );
  const recomputed = new Set<Node>();
  const need = (value: Value | undefined): void => {
    if (value?.source.kind === 'node' && places.has(value) && !saved.has(value)) recomputed.add(value.source.node);
  };
  wanted.forEach(need);
  for (const node of early.toReversed()) if (recomputed.has(node)) node.inputs.forEach(need);
  return { saved, recomputed };
}

/** For one image: what does not grow with the batch weighs more then, but there is little of it. */
function bytes({ shape, dtype }: Value): number {
  const count = elements(shape);
  return (typeof count === 'number' ? count : count.factor) * bytesOf(dtype);
}

function readBy(nodes: readonly Node[], inputs: readonly Value[]): Value[] {
  const read = new Set(nodes.flatMap((node) => node.inputs));
  return inputs.filter((input) => read.has(input));
}
