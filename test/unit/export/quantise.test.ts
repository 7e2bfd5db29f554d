import { describe, expect, it } from 'vitest';
import { add, conv, gemm, layerNormalization, matmul, maxPool, relu, softmax } from '../../../src/graph/build.ts';
import type { ConvOptions } from '../../../src/graph/build.ts';
import { constantOf } from '../../../src/graph/ir.ts';
import type { Graph, Value } from '../../../src/graph/ir.ts';
import { planQuantisation } from '../../../src/graph/passes/plan-quantisation.ts';
import { quantise } from '../../../src/graph/passes/quantise.ts';
import type { Range } from '../../../src/graph/passes/quantise.ts';
import { createGraph } from '../../../src/graph/registry.ts';
import { symbol } from '../../../src/graph/shape.ts';
import { float32, sizeOf } from '../../../src/graph/tensor.ts';
import { Random } from '../../../src/shared/random.ts';

const random = new Random(3);
const weight = (...shape: number[]) =>
  float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
  );
const options = (given: Partial<ConvOptions> = {}): ConvOptions => ({
  strides: [1, 1],
  pads: [0, 0, 0, 0],
  dilations: [1, 1],
  groups: 1,
  ...given,
});

const spanning =
  (range: Range) =>
  (graph: Graph): Graph => {
    const plan = planQuantisation(graph);
    return quantise(graph, plan, new Map([...plan.activations.values()].map((value) => [value, range])));
  };
const ops = (graph: Graph): string[] => graph.nodes.map(({ op }) => op);

function withImages(): { graph: Graph; x: Value } {
  const graph = createGraph();
  return { graph, x: graph.input('x', [symbol('B'), 3, 8, 8]) };
}

describe('what is quantised', () => {
  it('is the input of a linear layer, and not its result', () => {
    const graph = createGraph();
    const x = graph.input('x', [4, 3]);
    const y = gemm(x, graph.constant(weight(5, 3)), graph.constant(weight(5)), { transB: true });
    graph.output('y', softmax(y));
    expect([...planQuantisation(graph).activations.keys()]).toEqual([x]);
    expect(ops(spanning({ low: -1, high: 1 })(graph))).toEqual([
      'QuantizeLinear',
      'DequantizeLinear',
      'DequantizeLinear',
      'DequantizeLinear',
      'Gemm',
      'Softmax',
    ]);
  });

  it('is one pair of nodes where several layers read one activation', () => {
    const graph = createGraph();
    const x = graph.input('x', [4, 3]);
    graph.output('a', gemm(x, graph.constant(weight(3, 2))));
    graph.output('b', gemm(x, graph.constant(weight(3, 2))));
    expect(ops(spanning({ low: 0, high: 1 })(graph)).filter((op) => op === 'QuantizeLinear')).toHaveLength(1);
  });

  it('is the result of a convolution behind its ReLU, and what is pooled has the same scale', () => {
    const { graph, x } = withImages();
    const convolved = conv(x, graph.constant(weight(4, 3, 3, 3)), undefined, options());
    const activated = relu(convolved);
    const pooled = maxPool(activated, { kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0] });
    graph.output('y', pooled);
    const { activations } = planQuantisation(graph);
    expect([...activations]).toEqual([
      [x, x],
      [activated, activated],
      [pooled, activated],
    ]);
  });

  it('is the result of a convolution itself where a sum reads it', () => {
    const { graph, x } = withImages();
    const convolved = conv(x, graph.constant(weight(3, 3, 1, 1)), undefined, options());
    graph.output('y', relu(add(convolved, x)));
    expect([...planQuantisation(graph).activations.keys()]).toEqual([x, convolved]);
  });

  it('is no patch embedding, no layer of one pixel, no product of activations, no normalisation', () => {
    const { graph, x } = withImages();
    const patches = conv(x, graph.constant(weight(4, 3, 4, 4)), undefined, options({ strides: [4, 4] }));
    const squeezed = conv(relu(patches), graph.constant(weight(4, 4, 2, 2)), undefined, options());
    const tokens = graph.input('tokens', [4, 3]);
    const normal = layerNormalization(tokens, undefined, undefined, 1e-5);
    graph.output('y', matmul(normal, tokens, { transB: true }));
    graph.output('z', squeezed);
    expect(planQuantisation(graph).layers.size).toBe(0);
  });
});

describe('quantised weights', () => {
  /** A layer with weights [out, in] → its integers, their scales, its bias and the scales of that. */
  function quantised(rows: readonly number[][], bias: number[], range: Range) {
    const graph = createGraph();
    const [out, features] = [rows.length, rows[0]!.length];
    const x = graph.input('x', [2, features]);
    const [w, b] = [graph.constant(float32([out, features], rows.flat())), graph.constant(float32([out], bias))];
    graph.output('y', gemm(x, w, b, { transB: true }));
    const layer = spanning(range)(graph).nodes.find(({ op }) => op === 'Gemm')!;
    const parts = (index: number): ArrayLike<number>[] => {
      const { source } = layer.inputs[index]!;
      if (source.kind !== 'node') throw new Error('not dequantised');
      return source.node.inputs.map((value) => (constantOf(value)?.data ?? []) as ArrayLike<number>);
    };
    const [weights, scales] = parts(1);
    const [biases, biasScales] = parts(2);
    return { weights: [...Array.from(weights!)], scales: scales!, biases: biases!, biasScales: biasScales! };
  }

  it('use ±127 around 128 in every output, each by its own scale', () => {
    const { weights, scales } = quantised(
      [
        [1, -2, 0.5],
        [0.001, 0, 0.0005],
      ],
      [0, 0],
      { low: 0, high: 1 },
    );
    expect(weights).toEqual([192, 1, 160, 255, 128, 192]);
    expect(scales[0]).toBeCloseTo(2 / 127, 7);
    expect(scales[1]).toBeCloseTo(0.001 / 127, 9);
  });

  it('have their bias in the scale of the products', () => {
    const { biases, biasScales } = quantised([[1, -2, 0.5]], [0.37], { low: -1, high: 1 });
    expect(biasScales[0]).toBeCloseTo((2 / 127) * (2 / 255), 9);
    // Rounded to the nearest step, of which the bias is 2995.
    expect(Math.abs(biases[0]! * biasScales[0]! - 0.37)).toBeLessThanOrEqual(biasScales[0]! / 2 + 1e-7);
  });

  it('give a bias far beyond its weights a coarser scale instead of an overflow', () => {
    const { biases, biasScales } = quantised([[1e-12, 0, 0]], [1000], { low: -1, high: 1 });
    expect(biases[0]! * biasScales[0]!).toBeCloseTo(1000, 3);
    expect(biases[0]).toBeLessThanOrEqual(2 ** 30);
  });

  it('may all be zero', () => {
    const { weights, biases, biasScales } = quantised([[0, 0, 0]], [0.5], { low: 0, high: 0 });
    expect(weights).toEqual([128, 128, 128]);
    // One step of the scale 1 of an activation that is always zero.
    expect(Math.abs(biases[0]! * biasScales[0]! - 0.5)).toBeLessThanOrEqual(0.5);
  });
});
