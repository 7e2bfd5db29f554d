/** What a graph costs to run, counted and not measured: operations, memory traffic, and the memory that is alive at once. */
import { constantOf } from './ir.ts';
import type { Graph, Node, Value } from './ir.ts';
import { lower } from './passes/lower.ts';
import { lookUp } from './registry.ts';
import { bind, isStatic } from './shape.ts';
import type { Bindings } from './shape.ts';
import { bytesOf, bytesUnder, sizeOf } from './tensor.ts';

export interface NodeCost {
  /** Floating-point operations, a multiplication and an addition being two. */
  readonly flops: number;
  /** Read and written, each operand once. */
  readonly bytes: number;
}

export interface OpCost extends NodeCost {
  readonly nodes: number;
}

export interface Cost extends NodeCost {
  readonly byOp: ReadonlyMap<string, OpCost>;
}

/** Counts what an engine would be given to run; `bindings` say how long the symbolic dimensions are. */
export function countCost(graph: Graph, bindings: Bindings): Cost {
  const byOp = new Map<string, OpCost>();
  const total = { flops: 0, bytes: 0 };
  for (const [{ op }, { flops, bytes }] of nodeCosts(lower(graph).nodes, bindings)) {
    total.flops += flops;
    total.bytes += bytes;
    const sum = byOp.get(op) ?? { nodes: 0, flops: 0, bytes: 0 };
    byOp.set(op, { nodes: sum.nodes + 1, flops: sum.flops + flops, bytes: sum.bytes + bytes });
  }
  return { ...total, byOp };
}

/** The nodes of a lowered graph, but for those that an engine computes once, when it compiles: nothing that is fed reaches them. */
export function nodeCosts(nodes: readonly Node[], bindings: Bindings): Map<Node, NodeCost> {
  const fixed = fixedValues(nodes);
  return new Map(
    nodes
      .filter(({ outputs }) => !fixed.has(outputs[0]!))
      .map((node) => {
        const flops = flopsOf(node, bindings);
        return [node, { flops, bytes: trafficOf(node, flops > 0, bindings) }];
      }),
  );
}

function flopsOf({ op, inputs, outputs, attributes }: Node, bindings: Bindings): number {
  const shapes = outputs.map(({ shape }) => bind(shape, bindings));
  const { flops } = lookUp(op);
  if (flops === undefined) return shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
  return flops(
    inputs.map((input) => (input === undefined ? [] : bind(input.shape, bindings))),
    shapes,
    attributes,
  );
}

function trafficOf({ op, inputs, outputs }: Node, computes: boolean, bindings: Bindings): number {
  if (lookUp(op).alias) return 0;
  const written = sum(outputs, bindings);
  const read = sum(new Set(inputs.filter((input) => input !== undefined)), bindings);
  // What only moves (Slice, Gather) reads no more than it writes, however large the table.
  return written + (computes ? read : Math.min(read, written));
}

/** Bytes. What an engine allocates beyond these (packed weights, an arena's slack) is its own matter. */
export interface MemoryEstimate {
  /** Most that is alive at once of what nodes compute, outputs among it. */
  readonly activations: number;
  /** Constants, and what is computed from them alone. */
  readonly constants: number;
  /** What is fed. */
  readonly inputs: number;
}

export function estimateMemory(graph: Graph, bindings: Bindings): MemoryEstimate {
  const { nodes, inputs, outputs } = lower(graph);
  return {
    activations: peakOf(nodes, outputs.values(), bindings),
    constants: constantBytes(nodes, bindings),
    inputs: sum(inputs, bindings),
  };
}

/** Walks lowered nodes in order; a value lives from the node that computes it to the last one that reads it, `outputs` to the end. */
export function peakOf(nodes: readonly Node[], outputs: Iterable<Value>, bindings: Bindings): number {
  const fixed = fixedValues(nodes);
  const running = nodes.filter(({ outputs: [first] }) => !fixed.has(first!));
  const memory = sharedMemory(running);
  const memoryOf = (value: Value): Value => memory.get(value) ?? value;
  const lastReader = new Map<Value, Node | 'output'>();
  for (const node of running) {
    for (const input of node.inputs) if (input !== undefined) lastReader.set(memoryOf(input), node);
  }
  for (const output of outputs) lastReader.set(memoryOf(output), 'output');
  const sizes = new Map(running.flatMap((node) => node.outputs).map((value) => [value, bytes(value, bindings)]));
  let alive = 0;
  let most = 0;
  for (const node of running) {
    for (const output of node.outputs) if (memoryOf(output) === output) alive += sizes.get(output)!;
    most = Math.max(most, alive);
    const touched = new Set([...node.inputs, ...node.outputs].map((value) => value && memoryOf(value)));
    for (const value of touched) {
      // An output that nothing reads dies at once. What no node of these computes takes no part.
      const last = value && (lastReader.get(value) ?? node);
      if (value !== undefined && last === node) alive -= sizes.get(value) ?? 0;
    }
  }
  return most;
}

/** By value, the one whose memory it is, where that is another. */
function sharedMemory(nodes: readonly Node[]): Map<Value, Value> {
  const memory = new Map<Value, Value>();
  for (const { op, inputs, outputs } of nodes) {
    const source = lookUp(op).alias ? inputs[0] : undefined;
    if (source !== undefined) for (const output of outputs) memory.set(output, memory.get(source) ?? source);
  }
  return memory;
}

/** What lowered nodes read of constants, and of what is computed from constants alone. */
export function constantBytes(nodes: readonly Node[], bindings: Bindings): number {
  const fixed = fixedValues(nodes);
  const read = new Set<Value>();
  for (const { inputs, outputs } of nodes) {
    if (fixed.has(outputs[0]!)) continue;
    for (const input of inputs) {
      if (input !== undefined && (constantOf(input) !== undefined || fixed.has(input))) read.add(input);
    }
  }
  return [...read].reduce((total, value) => {
    const tensor = constantOf(value);
    return total + (tensor === undefined ? bytes(value, bindings) : bytesUnder(tensor).byteLength);
  }, 0);
}

/** What nodes compute from constants alone; what has the length of the batch is not known before the graph runs. */
function fixedValues(nodes: readonly Node[]): ReadonlySet<Value> {
  const fixed = new Set<Value>();
  for (const { inputs, outputs } of nodes) {
    const known = inputs.every((input) => input === undefined || constantOf(input) !== undefined || fixed.has(input));
    if (known && outputs.every(({ shape }) => isStatic(shape))) for (const output of outputs) fixed.add(output);
  }
  return fixed;
}

function bytes({ shape, dtype }: Value, bindings: Bindings): number {
  return sizeOf(bind(shape, bindings)) * bytesOf(dtype);
}

function sum(values: Iterable<Value>, bindings: Bindings): number {
  return [...values].reduce((total, value) => total + bytes(value, bindings), 0);
}
