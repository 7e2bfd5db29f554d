import { describe, expect, it } from 'vitest';
import { add, cast, exp, gelu, mul, pad, reduceSum, silu } from '../../../src/graph/build.ts';
import { nameOf } from '../../../src/graph/ir.ts';
import type { Graph } from '../../../src/graph/ir.ts';
import { eliminateDeadCode } from '../../../src/graph/passes/eliminate-dead-code.ts';
import { expandComposites } from '../../../src/graph/passes/expand-composites.ts';
import { lower } from '../../../src/graph/passes/lower.ts';
import { shareCommon } from '../../../src/graph/passes/share-common.ts';
import { createGraph } from '../../../src/graph/registry.ts';
import { float32 } from '../../../src/graph/tensor.ts';

const ops = (graph: Graph): string[] => graph.nodes.map(({ op }) => op);

describe('dead code', () => {
  it('drops what no output needs and keeps every input', () => {
    const graph = createGraph();
    const [x, unread] = [graph.input('x', [2]), graph.input('unread', [3])];
    exp(unread);
    graph.output('y', exp(mul(x, 2)));
    const live = eliminateDeadCode(graph);
    expect(ops(live)).toEqual(['Mul', 'Exp']);
    expect(live.inputs.map(nameOf)).toEqual(['x', 'unread']);
  });

  it('leaves the graph it was given as it was', () => {
    const graph = createGraph();
    exp(graph.input('x', [2]));
    eliminateDeadCode(graph);
    expect(ops(graph)).toEqual(['Exp']);
  });
});

describe('common subexpressions', () => {
  it('are computed once, through equal inputs and equal attributes', () => {
    const graph = createGraph();
    const x = graph.input('x', [2, 3]);
    const [a, b] = [reduceSum(exp(x), { axes: [0] }), reduceSum(exp(x), { axes: [0] })];
    graph.output('y', add(a, b));
    graph.output('z', reduceSum(exp(x), { axes: [1] }));
    expect(ops(lower(graph)).toSorted()).toEqual(['Add', 'Exp', 'ReduceSum', 'ReduceSum']);
  });

  it('are told by the contents of constants without a name, not of named weights', () => {
    const graph = createGraph();
    const x = graph.input('x', [2]);
    const values = () => float32([2], [1, 2]);
    graph.output('nameless', add(mul(x, graph.constant(values())), mul(x, graph.constant(values()))));
    graph.output('named', add(mul(x, graph.constant(values(), 'a')), mul(x, graph.constant(values(), 'b'))));
    expect(ops(lower(graph)).filter((op) => op === 'Mul')).toHaveLength(3);
  });

  it('differ in attributes that JSON cannot tell apart', () => {
    const graph = createGraph();
    const x = graph.input('x', [2]);
    graph.output('low', pad(x, [1], [0], -Infinity));
    graph.output('high', pad(x, [1], [0], Infinity));
    expect(ops(shareCommon(graph))).toEqual(['Pad', 'Pad']);
  });

  it('differ in constants of equal bytes and another type', () => {
    const graph = createGraph();
    const x = graph.input('x', [1]);
    const ofInt = graph.constant({ dtype: 'int32', shape: [1], data: Int32Array.of(0) });
    graph.output('y', add(x, cast(ofInt, 'float32')));
    graph.output(
      'z',
      add(x, cast(graph.constant({ dtype: 'uint32', shape: [1], data: Uint32Array.of(0) }), 'float32')),
    );
    expect(ops(lower(graph)).filter((op) => op === 'Cast')).toHaveLength(2);
  });
});

describe('composites', () => {
  it('are replaced by their bodies, bodies within bodies too', () => {
    const graph = createGraph();
    const x = graph.input('x', [2, 4]);
    graph.output('y', silu(gelu(x)));
    graph.output('z', graph.apply('ReduceL2', [x], { axes: [1], keepDims: false })[0]!);
    expect(ops(expandComposites(graph))).toEqual(['Gelu', 'Sigmoid', 'Mul', 'Mul', 'ReduceSum', 'Sqrt']);
  });

  it('keep the names of inputs and outputs', () => {
    const graph = createGraph();
    graph.output('y', silu(graph.input('x', [2], 'float32', { trainable: true })));
    const expanded = expandComposites(graph);
    expect([...expanded.outputs.keys()]).toEqual(['y']);
    expect(expanded.inputs[0]!.source).toEqual({ kind: 'input', name: 'x', trainable: true });
  });
});
