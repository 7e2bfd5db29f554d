import { describe, expect, it } from 'vitest';
import { add, expand, mul, relu } from '../../../src/graph/build.ts';
import { constantOf } from '../../../src/graph/ir.ts';
import type { Graph } from '../../../src/graph/ir.ts';
import { foldConstants } from '../../../src/graph/passes/fold-constants.ts';
import { createGraph } from '../../../src/graph/registry.ts';
import { symbol } from '../../../src/graph/shape.ts';
import { float32 } from '../../../src/graph/tensor.ts';
import type { Tensor } from '../../../src/graph/tensor.ts';

/** Stands for an engine: says what it was asked for and gives a tensor of the right shape. */
function recorder() {
  const asked: string[][] = [];
  const evaluate = (graph: Graph): Promise<Record<string, Tensor>> => {
    asked.push(graph.nodes.map(({ op }) => op));
    return Promise.resolve(
      Object.fromEntries(
        [...graph.outputs].map(([name, { shape }]) => [
          name,
          float32(
            shape as readonly number[],
            new Float32Array(shape.reduce<number>((n, dim) => n * (dim as number), 1)).fill(9),
          ),
        ]),
      ),
    );
  };
  return { asked, evaluate };
}

const constant = (graph: Graph, ...values: number[]) => graph.constant(float32([values.length], values));

describe('folding', () => {
  it('computes what depends on constants alone, once, and puts the result in its place', async () => {
    const graph = createGraph();
    const fixed = relu(mul(constant(graph, 1, 2), constant(graph, 3, 4)));
    graph.output('y', add(graph.input('x', [2]), fixed));
    const { asked, evaluate } = recorder();
    const folded = await foldConstants(graph, evaluate);
    expect(asked).toEqual([['Mul', 'Relu']]);
    expect(folded.nodes.map(({ op }) => op)).toEqual(['Add']);
    expect(constantOf(folded.nodes[0]!.inputs[1])?.data).toEqual(Float32Array.of(9, 9));
  });

  it('folds an output that is fixed', async () => {
    const graph = createGraph();
    graph.output('y', relu(constant(graph, 1)));
    const folded = await foldConstants(graph, recorder().evaluate);
    expect(folded.nodes).toEqual([]);
    expect(constantOf(folded.outputs.get('y'))?.data).toEqual(Float32Array.of(9));
  });

  it('leaves what is much larger than what it is made of, but folds what is under it', async () => {
    const graph = createGraph();
    const row = relu(constant(graph, 1, 2));
    graph.output('large', add(graph.input('x', [50_000, 2]), expand(row, [50_000, 2])));
    const folded = await foldConstants(graph, recorder().evaluate);
    expect(folded.nodes.map(({ op }) => op)).toEqual(['Expand', 'Add']);
  });

  it('leaves what has the length of the batch', async () => {
    const graph = createGraph();
    graph.output('y', expand(constant(graph, 1, 2), [symbol('B'), 2]));
    graph.input('x', [symbol('B')]);
    const { asked, evaluate } = recorder();
    expect(await foldConstants(graph, evaluate)).toBe(graph);
    expect(asked).toEqual([]);
  });
});
