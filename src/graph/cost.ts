/** What a graph costs to run, counted and not measured: operations, memory traffic, and the memory that is alive at once. */
import { constantOf } from './ir.ts';
import type { Graph, Node, Value } from './ir.ts';
import { lower } from './passes/lower.ts';
import { lookUp } from './registry.ts';
import { bind } from './shape.ts';
import type { Bindings } from './shape.ts';
import { bytesOf, bytesUnder, sizeOf } from './tensor.ts';

export interface OpCost {
  readonly nodes: number;
  /** Floating-point operations, a multiplication and an addition being two. */
  readonly flops: number;
  /** Read and written, each operand once. */
  readonly bytes: number;
}

export interface Cost extends Pick<OpCost, 'flops' | 'bytes'> {
  readonly byOp: ReadonlyMap<string, OpCost>;
}

/** Counts what an engine would be given to run; `bindings` say how long the symbolic dimensions are. */
export function countCost(graph: Graph, bindings: Bindings): Cost {
  const byOp = new Map<string, OpCost>();
  const total = { flops: 0, bytes: 0 };
  for (const node of lower(graph).nodes) {
    const flops = flopsOf(node, bindings);
    const bytes = trafficOf(node, flops > 0, bindings);
    total.flops += flops;
    total.bytes += bytes;
    const sum = byOp.get(node.op) ?? { nodes: 0, flops: 0, bytes: 0 };
    byOp.set(node.op, { nodes: sum.nodes + 1, flops: sum.flops + flops, bytes: sum.bytes + bytes });
  }
  return { ...total, byOp };
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
  readonly constants: number;
  /** What is fed. */
  readonly inputs: number;
}

/** Walks the nodes in order; a value lives from the node that computes it to the last one that reads it. */
export function estimateMemory(graph: Graph, bindings: Bindings): MemoryEstimate {
  const lowered = lower(graph);
  const memory = new Map<Value, Value>();
  const lastReader = new Map<Value, Node | 'output'>();
  const constants = new Set<Value>();
  for (const node of lowered.nodes) {
    const aliased = lookUp(node.op).alias ? node.inputs[0] : undefined;
    for (const output of node.outputs) memory.set(output, aliased === undefined ? output : memoryOf(aliased, memory));
    for (const input of node.inputs) {
      if (input === undefined) continue;
      lastReader.set(memoryOf(input, memory), node);
      if (constantOf(input) !== undefined) constants.add(input);
    }
  }
  for (const output of lowered.outputs.values()) lastReader.set(memoryOf(output, memory), 'output');
  return {
    activations: peak(lowered, memory, lastReader, bindings),
    constants: [...constants].reduce((total, value) => total + bytesUnder(constantOf(value)!).byteLength, 0),
    inputs: sum(lowered.inputs, bindings),
  };
}

function peak(
  graph: Graph,
  memory: ReadonlyMap<Value, Value>,
  lastReader: ReadonlyMap<Value, Node | 'output'>,
  bindings: Bindings,
): number {
  let alive = 0;
  let most = 0;
  for (const node of graph.nodes) {
    for (const output of node.outputs) if (memory.get(output) === output) alive += bytes(output, bindings);
    most = Math.max(most, alive);
    const touched = new Set([...node.inputs, ...node.outputs].map((value) => value && memoryOf(value, memory)));
    for (const value of touched) {
      // An output that nothing reads dies at once.
      const last = value && (lastReader.get(value) ?? node);
      if (value?.source.kind === 'node' && last === node) alive -= bytes(value, bindings);
    }
  }
  return most;
}

/** The value whose memory this one is. */
function memoryOf(value: Value, memory: ReadonlyMap<Value, Value>): Value {
  return memory.get(value) ?? value;
}

function bytes({ shape, dtype }: Value, bindings: Bindings): number {
  return sizeOf(bind(shape, bindings)) * bytesOf(dtype);
}

function sum(values: Iterable<Value>, bindings: Bindings): number {
  return [...values].reduce((total, value) => total + bytes(value, bindings), 0);
}
