import { describe, expect, it } from 'vitest';
import { pullBack } from '../../../src/graph/autodiff.ts';
import { add, linear, pad, reduceSum, silu } from '../../../src/graph/build.ts';
import { isTrainable, nameOf } from '../../../src/graph/ir.ts';
import type { Graph, Value } from '../../../src/graph/ir.ts';
import { FlowNetwork } from '../../../src/graph/minimum-cut.ts';
import { splitAtSeeds } from '../../../src/graph/passes/split-at-seeds.ts';
import { createGraph } from '../../../src/graph/registry.ts';
import { symbol } from '../../../src/graph/shape.ts';
import { zeros } from '../../../src/graph/tensor.ts';

const WIDTH = 4;
const names = (graph: Graph): (string | undefined)[] => graph.inputs.map(nameOf);
const ops = (graph: Graph, op: string): number => graph.nodes.filter((node) => node.op === op).length;

/** Two layers with SiLU, both trained, the second one with a frozen layer behind it. */
function network(): Graph {
  const graph = createGraph();
  const x = graph.input('x', [symbol('B'), WIDTH]);
  const trained = (name: string): Value => graph.input(name, [WIDTH, WIDTH], 'float32', { trainable: true });
  const frozen = graph.constant(zeros('float32', [WIDTH, WIDTH]));
  const first = silu(linear(x, trained('first'), undefined));
  const second = silu(linear(first, trained('second'), undefined));
  graph.output('y', linear(add(first, second), frozen, undefined));
  return graph;
}

function split() {
  const graph = network();
  const y = graph.outputs.get('y')!;
  const seed = graph.input('seed', y.shape);
  const parameters = graph.inputs.filter(isTrainable);
  pullBack(graph, new Map([[y, seed]]), parameters).forEach((gradient, index) => {
    graph.output(`gradient ${index}`, gradient);
  });
  return splitAtSeeds(graph, (input) => input === seed || nameOf(input) === 'seed');
}

describe('splitAtSeeds', () => {
  it('leaves the forward pass without seeds, and the gradients without what does not lead to them', () => {
    const { forward, backward, saved } = split();
    expect(names(forward)).toEqual(['x', 'first', 'second']);
    expect([...forward.outputs.keys()]).toEqual(['y', ...saved.map(({ name }) => name)]);
    expect([...backward.outputs.keys()]).toEqual(['gradient 0', 'gradient 1']);
    expect(names(backward).toSorted()).toEqual(['saved 0', 'saved 1', 'second', 'seed', 'x']);
  });

  it('saves of each layer with an activation the result before it alone, from which the others are computed', () => {
    const { forward, backward, saved } = split();
    expect(saved.map(({ shape }) => shape)).toEqual([
      [symbol('B'), WIDTH],
      [symbol('B'), WIDTH],
    ]);
    for (const { name } of saved) {
      const { source } = forward.outputs.get(name)!;
      expect(source.kind === 'node' && source.node.op).toBe('Gemm');
    }
    // Their sigmoids, which the forward pass has computed already.
    expect(ops(backward, 'Sigmoid')).toBe(2);
    // Of a product: the gradients of two weights, and through two layers.
    expect(ops(backward, 'Gemm')).toBe(4);
  });

  it('pads once more instead of saving zeros beside what is saved anyway', () => {
    const graph = createGraph();
    const x = graph.input('x', [symbol('B'), WIDTH]);
    const weight = (name: string, wide: number): Value =>
      graph.input(name, [WIDTH, wide], 'float32', { trainable: true });
    const padded = pad(silu(linear(x, weight('first', WIDTH), undefined)), [0, 2], [0, 2]);
    const y = linear(padded, weight('second', WIDTH + 4), undefined);
    const seed = graph.input('seed', y.shape);
    graph.output('y', y);
    pullBack(graph, new Map([[y, seed]]), graph.inputs.filter(isTrainable)).forEach((gradient, index) => {
      graph.output(`gradient ${index}`, gradient);
    });
    const { saved, backward } = splitAtSeeds(graph, (input) => nameOf(input) === 'seed');
    expect(saved.map(({ shape }) => shape)).toEqual([[symbol('B'), WIDTH]]);
    expect(ops(backward, 'Pad')).toBe(1);
  });

  it('needs nothing saved where the gradient reads only what is fed', () => {
    const graph = createGraph();
    const x = graph.input('x', [symbol('B'), WIDTH]);
    const weight = graph.input('weight', [WIDTH, WIDTH], 'float32', { trainable: true });
    const y = reduceSum(linear(x, weight, undefined), { axes: [1] });
    const seed = graph.input('seed', y.shape);
    graph.output('y', y);
    graph.output('gradient', pullBack(graph, new Map([[y, seed]]), [weight])[0]!);
    const { saved, backward } = splitAtSeeds(graph, (input) => nameOf(input) === 'seed');
    expect(saved).toEqual([]);
    expect(names(backward).toSorted()).toEqual(['seed', 'x']);
  });
});

describe('FlowNetwork', () => {
  it('cuts where least flows, and of equal cuts nearest the source', () => {
    const network = new FlowNetwork();
    const [source, a, b, sink] = Array.from({ length: 4 }, () => network.place()) as [number, number, number, number];
    network.connect(source, a, 3);
    network.connect(a, b, 2);
    network.connect(b, sink, 2);
    expect([...network.sourceSide(source, sink)]).toEqual([source, a]);
  });

  it('parts what only several edges together part', () => {
    const network = new FlowNetwork();
    const [source, a, b, sink] = Array.from({ length: 4 }, () => network.place()) as [number, number, number, number];
    network.connect(source, a, Infinity);
    network.connect(source, b, Infinity);
    network.connect(a, b, Infinity);
    network.connect(a, sink, 1);
    network.connect(b, sink, 2);
    expect([...network.sourceSide(source, sink)]).toEqual([source, a, b]);
  });

  it('refuses a network that nothing parts', () => {
    const network = new FlowNetwork();
    const [source, sink] = [network.place(), network.place()];
    network.connect(source, sink, Infinity);
    expect(() => network.sourceSide(source, sink)).toThrow(RangeError);
  });
});
