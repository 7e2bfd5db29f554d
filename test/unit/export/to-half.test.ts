import { describe, expect, it } from 'vitest';
import { halvesOfFloats } from '../../../src/formats/half.ts';
import { add, gelu, gemm, layerNormalization, matmul, softmax } from '../../../src/graph/build.ts';
import { constantOf } from '../../../src/graph/ir.ts';
import type { Graph } from '../../../src/graph/ir.ts';
import { toHalf } from '../../../src/graph/passes/to-half.ts';
import { createGraph } from '../../../src/graph/registry.ts';
import { symbol } from '../../../src/graph/shape.ts';
import { float32 } from '../../../src/graph/tensor.ts';

const half = (graph: Graph): Graph => toHalf(graph, halvesOfFloats);
/** Ops with the types they compute in. */
const typed = (graph: Graph): string[] => graph.nodes.map(({ op, outputs }) => `${op} ${outputs[0]!.dtype}`);

describe('toHalf', () => {
  it('computes layers in halves and softmax in floats, and keeps the types of input and output', () => {
    const graph = createGraph();
    const x = graph.input('x', [symbol('B'), 2]);
    const weight = graph.constant(float32([2, 2], [1, 2, 3, 4]), 'weight');
    graph.output('y', gemm(softmax(gemm(x, weight)), weight));
    const written = half(graph);
    expect(typed(written)).toEqual([
      'Cast float16',
      'Gemm float16',
      'Cast float32',
      'Softmax float32',
      'Cast float16',
      'Gemm float16',
      'Cast float32',
    ]);
    expect(written.inputs[0]!.dtype).toBe('float32');
    expect(written.outputs.get('y')!.dtype).toBe('float32');
  });

  it('leaves nodes alone that a half cannot hold', () => {
    const graph = createGraph();
    const x = graph.input('x', [2, 2]);
    const weight = graph.constant(float32([2, 2], [1, 2, 3, 4]));
    graph.output('y', gemm(gemm(x, weight), weight));
    const written = toHalf(graph, halvesOfFloats, new Set([graph.nodes[0]!]));
    expect(typed(written)).toEqual(['Gemm float32', 'Cast float16', 'Gemm float16', 'Cast float32']);
  });

  it('keeps one tensor of halves under the name of the weight', () => {
    const graph = createGraph();
    const x = graph.input('x', [2, 2]);
    const weight = graph.constant(float32([2, 2], [1, -2, 0.1, 65504]), 'weight');
    graph.output('y', add(gemm(x, weight), weight));
    const written = half(graph);
    const used = new Set(written.nodes.flatMap(({ inputs }) => inputs).filter((value) => constantOf(value)));
    expect(used.size).toBe(1);
    const [value] = used;
    expect(value!.source).toMatchObject({ kind: 'constant', name: 'weight' });
    // 0.1 is 0x2e66 in halves, 65504 the largest.
    expect([...constantOf(value)!.data]).toEqual([0x3c00, 0xc000, 0x2e66, 0x7bff]);
  });

  it('scales scores before their product, not after it', () => {
    const graph = createGraph();
    const [q, k] = [graph.input('q', [2, 3, 4]), graph.input('k', [2, 3, 4])];
    graph.output('y', matmul(q, k, { transB: true, alpha: 0.125 }));
    const written = half(graph);
    expect(typed(written)).toEqual(['Cast float16', 'Cast float16', 'Mul float16', 'MatMul float16', 'Cast float32']);
    expect(written.nodes.find(({ op }) => op === 'MatMul')!.attributes).toEqual({ transB: true });
  });

  it('keeps normalisations with float statistics, and GELU in floats', () => {
    const graph = createGraph();
    const x = graph.input('x', [2, 3]);
    const one = graph.constant(float32([3], [1, 1, 1]));
    graph.output('y', gelu(layerNormalization(x, one, one, 1e-5)));
    const written = half(graph);
    expect(typed(written)).toEqual(['Cast float16', 'LayerNormalization float16', 'Cast float32', 'Gelu float32']);
    expect(written.nodes[1]!.outputs[1]!.dtype).toBe('float32');
  });
});
