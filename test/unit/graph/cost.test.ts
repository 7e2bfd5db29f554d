import { describe, expect, it } from 'vitest';
import { conv, exp, expand, gather, linear, matmul, mul, neg, reduceSum, reshape } from '../../../src/graph/build.ts';
import { countCost, estimateMemory } from '../../../src/graph/cost.ts';
import { createGraph } from '../../../src/graph/registry.ts';
import { symbol, timesDim } from '../../../src/graph/shape.ts';
import { zeros } from '../../../src/graph/tensor.ts';

const B = symbol('B');
const FLOAT = 4;

describe('cost', () => {
  it('counts two operations for each product of a matrix multiplication', () => {
    const graph = createGraph();
    graph.output('y', matmul(graph.input('a', [B, 3, 5]), graph.input('b', [5, 7])));
    const { flops, bytes, byOp } = countCost(graph, { B: 2 });
    expect(flops).toBe(2 * 2 * 3 * 5 * 7);
    expect(bytes).toBe(FLOAT * (2 * 3 * 5 + 5 * 7 + 2 * 3 * 7));
    expect(byOp.get('MatMul')).toEqual({ nodes: 1, flops, bytes });
  });

  it('counts the products of a convolution', () => {
    const graph = createGraph();
    const options = { strides: [2, 2], pads: [1, 1, 1, 1], dilations: [1, 1], groups: 2 };
    graph.output(
      'y',
      conv(graph.input('x', [B, 4, 8, 8]), graph.constant(zeros('float32', [6, 2, 3, 3])), undefined, options),
    );
    expect(countCost(graph, { B: 3 }).byOp.get('Conv')!.flops).toBe(2 * 3 * 6 * 4 * 4 * 2 * 3 * 3);
  });

  it('is that of what an engine runs: bodies of composites, nothing dead, nothing twice', () => {
    const graph = createGraph();
    const x = graph.input('x', [B, 2, 3]);
    const weight = graph.constant(zeros('float32', [4, 3]));
    exp(x);
    graph.output('y', linear(x, weight, undefined));
    graph.output('z', linear(x, weight, undefined));
    const { flops, byOp } = countCost(graph, { B: 5 });
    expect(flops).toBe(2 * 10 * 3 * 4);
    expect([...byOp.keys()].toSorted()).toEqual(['Gemm', 'Reshape']);
  });

  it('asks of a table no more than the rows that are read', () => {
    const graph = createGraph();
    const table = graph.constant(zeros('float32', [1000, 8]));
    graph.output('y', gather(table, graph.input('i', [B], 'int64'), 0));
    expect(countCost(graph, { B: 2 })).toMatchObject({ flops: 0, bytes: 2 * 2 * 8 * FLOAT });
  });
});

describe('memory', () => {
  /** Bytes of one value of B·100 floats. */
  const VALUE = 3 * 100 * FLOAT;
  const start = () => createGraph();

  it('of a chain is two values, however long', () => {
    const graph = start();
    let y = graph.input('x', [B, 100]);
    for (let index = 0; index < 5; index++) y = exp(y);
    graph.output('y', y);
    expect(estimateMemory(graph, { B: 3 })).toEqual({ activations: 2 * VALUE, constants: 0, inputs: VALUE });
  });

  it('holds what is read again later', () => {
    const graph = start();
    const kept = exp(graph.input('x', [B, 100]));
    const far = exp(neg(exp(neg(kept))));
    graph.output('y', mul(kept, far));
    expect(estimateMemory(graph, { B: 3 }).activations).toBe(3 * VALUE);
  });

  it('counts no reshaped value twice, and keeps it while either is read', () => {
    const graph = start();
    const x = exp(graph.input('x', [B, 100]));
    const flat = reshape(x, [timesDim(B, 100)]);
    graph.output('sum', reduceSum(flat, { axes: [0] }));
    graph.output('y', neg(x));
    // x and y, and the sum of one element.
    expect(estimateMemory(graph, { B: 3 }).activations).toBe(2 * VALUE + FLOAT);
  });

  it('keeps outputs to the end', () => {
    const graph = start();
    const x = graph.input('x', [B, 100]);
    graph.output('a', exp(x));
    graph.output('b', neg(x));
    expect(estimateMemory(graph, { B: 3 }).activations).toBe(2 * VALUE);
  });

  it('counts what is made anew for each batch, though of constants alone', () => {
    const graph = start();
    const zeros = expand(graph.scalar(0), [B, 100]);
    graph.output('y', mul(graph.input('x', [B, 100]), zeros));
    expect(estimateMemory(graph, { B: 3 })).toEqual({ activations: 2 * VALUE, constants: FLOAT, inputs: VALUE });
  });

  it('tells constants apart', () => {
    const graph = start();
    graph.output('y', mul(graph.input('x', [B, 100]), graph.constant(zeros('float32', [100]))));
    expect(estimateMemory(graph, { B: 3 })).toEqual({ activations: VALUE, constants: 400, inputs: VALUE });
  });
});
