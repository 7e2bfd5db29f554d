/** What is folded and what is left; that loss and gradients stay is what test/integration/fold-passes.test.ts shows. */
import { describe, expect, it } from 'vitest';
import { batchNormalization, conv, linear, loraConv, relu } from '../../../src/graph/build.ts';
import { constantOf, nameOf } from '../../../src/graph/ir.ts';
import type { Graph, Node, Value } from '../../../src/graph/ir.ts';
import { foldBatchNormalization } from '../../../src/graph/passes/fold-batch-normalization.ts';
import { createGraph } from '../../../src/graph/registry.ts';
import { float32 } from '../../../src/graph/tensor.ts';

const ONE_PIXEL = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], groups: 1 };
const EPSILON = 0.25;

/** γ = (2, 3), β = (5, 7), mean = (1, −1), variance = (2, 0) − hence √(variance + ε) = (1.5, 0.5), factors 4/3 and 6. */
function normalise(y: Value): Value {
  const constant = (...values: number[]): Value => y.graph.constant(float32([2], values));
  const parameters = {
    scale: constant(2, 3),
    bias: constant(5, 7),
    mean: constant(1, -1),
    variance: constant(2, 0),
  };
  return batchNormalization(y, parameters, EPSILON);
}

const folded = (graph: Graph): Node[] => foldBatchNormalization(graph).nodes;
const numbers = (value: Value | undefined): number[] => Array.from(constantOf(value)!.data, Number);
const input = (graph: Graph): Value => graph.input('x', [1, 3, 2, 2]);

describe('folding BatchNormalization', () => {
  it('scales the rows of a weight and carries mean and offset into the bias', () => {
    const graph = createGraph();
    const weight = graph.constant(float32([2, 3, 1, 1], [3, 6, 9, 1, 2, 3]));
    const bias = graph.constant(float32([2], [4, 0.5]));
    graph.output('y', normalise(conv(input(graph), weight, bias, ONE_PIXEL)));
    const [node, ...others] = folded(graph);
    expect(others).toEqual([]);
    // Factors are known to seven digits.
    for (const [index, value] of numbers(node!.inputs[1]).entries()) {
      expect(value).toBeCloseTo([4, 8, 12, 6, 12, 18][index]!, 5);
    }
    expect(numbers(node!.inputs[2])[0]).toBeCloseTo(5 + (4 / 3) * (4 - 1), 5);
    expect(numbers(node!.inputs[2])[1]).toBeCloseTo(7 + 6 * (0.5 + 1), 5);
  });

  it('folds into a linear layer without a bias', () => {
    const graph = createGraph();
    graph.output('y', normalise(linear(graph.input('x', [4, 1]), graph.constant(float32([2, 1], [3, 1])), undefined)));
    const [node] = folded(graph);
    expect(numbers(node!.inputs[1])[0]).toBeCloseTo(4, 5);
    expect(numbers(node!.inputs[2])[1]).toBeCloseTo(7 + 6, 5);
  });

  it('scales the trained B inside the graph, so that the input stays that of the layer as published', () => {
    const graph = createGraph();
    const a = graph.input('a', [1, 3, 1, 1], 'float32', { trainable: true });
    const b = graph.input('b', [2, 1, 1, 1], 'float32', { trainable: true });
    const weight = graph.constant(float32([2, 3, 1, 1], [3, 6, 9, 1, 2, 3]));
    graph.output('y', normalise(loraConv(input(graph), weight, undefined, a, b, { scale: 1, ...ONE_PIXEL })));
    const nodes = folded(graph);
    const layer = nodes.find(({ op }) => op === 'LoraConv')!;
    const scaled = layer.inputs[4]!.source;
    expect(nameOf(layer.inputs[3]!)).toBe('a');
    expect(scaled.kind === 'node' && scaled.node.op).toBe('Mul');
    expect(scaled.kind === 'node' && nameOf(scaled.node.inputs[0]!)).toBe('b');
  });

  const plain = (graph: Graph): Value => graph.constant(float32([2, 3, 1, 1], [3, 6, 9, 1, 2, 3]));
  const kept: readonly [string, (graph: Graph) => Value][] = [
    [
      'behind a trained weight',
      (graph) =>
        normalise(
          conv(input(graph), graph.input('w', [2, 3, 1, 1], 'float32', { trainable: true }), undefined, ONE_PIXEL),
        ),
    ],
    ['behind anything but a layer', (graph) => normalise(relu(conv(input(graph), plain(graph), undefined, ONE_PIXEL)))],
    [
      'where another node reads the layer',
      (graph) => {
        const y = conv(input(graph), plain(graph), undefined, ONE_PIXEL);
        graph.output('other', relu(y));
        return normalise(y);
      },
    ],
    [
      'where the layer is an output itself',
      (graph) => {
        const y = conv(input(graph), plain(graph), undefined, ONE_PIXEL);
        graph.output('other', y);
        return normalise(y);
      },
    ],
    [
      'that is trained',
      (graph) => {
        const constant = (value: number): Value => graph.constant(float32([2], [value, value]));
        const scale = graph.input('scale', [2], 'float32', { trainable: true });
        const y = conv(input(graph), plain(graph), undefined, ONE_PIXEL);
        return batchNormalization(y, { scale, bias: constant(0), mean: constant(0), variance: constant(1) }, EPSILON);
      },
    ],
  ];
  it.each(kept)('leaves one %s', (_, write) => {
    const graph = createGraph();
    graph.output('y', write(graph));
    expect(folded(graph).map(({ op }) => op)).toEqual(graph.nodes.map(({ op }) => op));
  });
});
