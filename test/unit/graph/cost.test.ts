import { describe, expect, it } from 'vitest';
import { add, gemm, mul, relu, reshape, slice, transpose } from '../../../src/graph/build.ts';
import { countCost, estimateMemory, peakOf } from '../../../src/graph/cost.ts';
import { lower } from '../../../src/graph/passes/lower.ts';
import { createGraph } from '../../../src/graph/registry.ts';
import { symbol, timesDim } from '../../../src/graph/shape.ts';
import { zeros } from '../../../src/graph/tensor.ts';

const B = symbol('B');
const FLOAT = 4;

describe('countCost', () => {
  it('counts 2·rows·in·out for a matrix product, and each operand of every op once', () => {
    const graph = createGraph();
    const x = graph.input('x', [B, 8]);
    const y = gemm(x, graph.constant(zeros('float32', [8, 3])));
    graph.output('y', add(y, y));
    const { flops, bytes, byOp } = countCost(graph, { B: 5 });
    expect(byOp.get('Gemm')).toEqual({ nodes: 1, flops: 2 * 5 * 8 * 3, bytes: FLOAT * (5 * 8 + 8 * 3 + 5 * 3) });
    // The same value twice is read once.
    expect(byOp.get('Add')).toEqual({ nodes: 1, flops: 5 * 3, bytes: FLOAT * 2 * 5 * 3 });
    expect({ flops, bytes }).toEqual({ flops: 240 + 15, bytes: FLOAT * (79 + 30) });
  });

  it('leaves out what an engine computes once, from constants alone, and what moves nothing', () => {
    const graph = createGraph();
    const x = graph.input('x', [B, 8]);
    const turned = transpose(graph.constant(zeros('float32', [8, 8])), [1, 0]);
    graph.output('y', reshape(gemm(x, turned), [timesDim(B, 2), 4]));
    const { byOp } = countCost(graph, { B: 2 });
    expect(byOp.has('Transpose')).toBe(false);
    expect(byOp.get('Reshape')).toEqual({ nodes: 1, flops: 0, bytes: 0 });
  });

  it('takes a slice to read what it writes, not all of its input', () => {
    const graph = createGraph();
    graph.output('y', slice(graph.input('x', [B, 100]), 1, 0, 2));
    expect(countCost(graph, { B: 3 }).bytes).toBe(FLOAT * 2 * 3 * 2);
  });
});

describe('estimateMemory', () => {
  it('keeps a value until its last reader, and an output to the end', () => {
    const graph = createGraph();
    const x = graph.input('x', [B, 10]);
    const a = relu(x);
    const b = mul(a, 2);
    // Alive while c is computed: a, b and c.
    const c = add(a, b);
    const d = mul(c, 3);
    graph.output('b', b);
    graph.output('d', mul(d, 5));
    const row = FLOAT * 10;
    expect(estimateMemory(graph, { B: 2 })).toEqual({
      activations: 2 * 3 * row,
      constants: 3 * FLOAT,
      inputs: 2 * row,
    });
  });

  it('counts a reshaped value as the memory that it is', () => {
    const graph = createGraph();
    const a = relu(graph.input('x', [B, 6]));
    const view = reshape(a, [timesDim(B, 3), 2]);
    // a lives on in its view: a, one result, then the next.
    graph.output('y', mul(mul(view, 2), view));
    expect(estimateMemory(graph, { B: 1 }).activations).toBe(3 * 6 * FLOAT);
  });

  it('counts what is made of constants alone among the constants', () => {
    const graph = createGraph();
    const weight = graph.constant(zeros('float32', [4, 8]));
    graph.output('y', gemm(graph.input('x', [B, 8]), transpose(weight, [1, 0])));
    expect(estimateMemory(graph, { B: 1 })).toEqual({
      activations: 4 * FLOAT,
      constants: 32 * FLOAT,
      inputs: 8 * FLOAT,
    });
  });
});

describe('peakOf', () => {
  it('takes part of a graph: what comes from elsewhere is not its memory', () => {
    const graph = createGraph();
    const a = relu(graph.input('x', [B, 10]));
    const b = mul(a, 2);
    graph.output('b', b);
    const { nodes, outputs } = lower(graph);
    expect(peakOf(nodes.slice(1), outputs.values(), { B: 2 })).toBe(FLOAT * 20);
  });
});
