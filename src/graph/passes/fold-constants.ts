/** Computes once, by an engine, what depends on constants alone; the results take its place as constants. */
import { constantOf } from '../ir.ts';
import type { Graph, Node, Value } from '../ir.ts';
import { embed, rewrite } from '../rewrite.ts';
import { isStatic } from '../shape.ts';
import { bytesOf, sizeOf } from '../tensor.ts';
import type { Tensor } from '../tensor.ts';

/** Runs a graph without inputs; results by output name. */
export type Evaluate = (graph: Graph) => Promise<Readonly<Record<string, Tensor>>>;

/** A node that makes more than this of what it reads (Expand, an outer product) stays: computing it is cheaper than keeping it. */
const MAX_GROWTH_BYTES = 2 ** 16;

export async function foldConstants(graph: Graph, evaluate: Evaluate): Promise<Graph> {
  const fixed = fixedValues(graph);
  const wanted = new Map(readFromOutside(graph, fixed).map((value, index) => [`folded ${index}`, value]));
  if (wanted.size === 0) return graph;

  const alone = graph.empty();
  const nodes = graph.nodes.filter((node) => isFixed(node, fixed));
  for (const [name, value] of embed({ inputs: [], nodes, outputs: wanted }, alone, {})) alone.output(name, value);
  const results = await evaluate(alone);

  const folded = new Map([...wanted].map(([name, value]) => [value, results[name]!]));
  return rewrite(graph, {
    skip: (node) => isFixed(node, fixed),
    replace: (value, to) => {
      const tensor = folded.get(value);
      return tensor && to.constant(tensor);
    },
  });
}

/** What nodes compute from constants alone. */
function fixedValues(graph: Graph): ReadonlySet<Value> {
  const fixed = new Set<Value>();
  for (const node of graph.nodes) {
    const inputs = node.inputs.filter((input) => input !== undefined);
    const fromConstants = inputs.every((input) => constantOf(input) !== undefined || fixed.has(input));
    if (fromConstants && size(node.outputs) <= size(inputs) + MAX_GROWTH_BYTES) {
      for (const output of node.outputs) fixed.add(output);
    }
  }
  return fixed;
}

function isFixed({ outputs }: Node, fixed: ReadonlySet<Value>): boolean {
  return outputs.some((output) => fixed.has(output));
}

/** The fixed values that other nodes read or that are outputs. */
function readFromOutside(graph: Graph, fixed: ReadonlySet<Value>): Value[] {
  const readers = graph.nodes.filter((node) => !isFixed(node, fixed));
  const read = [...readers.flatMap(({ inputs }) => inputs), ...graph.outputs.values()];
  return [...new Set(read)].filter((value) => value !== undefined && fixed.has(value)) as Value[];
}

/** Bytes; a shape that is known only at run time is never small enough. */
function size(values: readonly Value[]): number {
  return values.reduce(
    (sum, { shape, dtype }) => sum + (isStatic(shape) ? sizeOf(shape) * bytesOf(dtype) : Infinity),
    0,
  );
}
