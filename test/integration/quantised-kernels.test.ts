/**
 * What is quantised comes out of ONNX Runtime's integer kernels as arithmetic says, on any processor: with the largest activations and
 * weights there are, where kernels that add pairs of products in 16 bits saturate.
 */
import { describe, expect, it } from 'vitest';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { conv, gemm } from '../../src/graph/build.ts';
import type { Graph, Value } from '../../src/graph/ir.ts';
import { planQuantisation } from '../../src/graph/passes/plan-quantisation.ts';
import { quantise } from '../../src/graph/passes/quantise.ts';
import { createGraph } from '../../src/graph/registry.ts';
import { float32, sizeOf } from '../../src/graph/tensor.ts';
import type { Tensor } from '../../src/graph/tensor.ts';

const INPUTS = 64;
const filled = (shape: readonly number[], value: number): Tensor<'float32'> =>
  float32(shape, new Float32Array(sizeOf(shape)).fill(value));

/** One layer of weights ±1 whose input is 1 throughout, in 8 bits: its first output is the sum of its inputs, its second the negative. */
async function computed(shape: readonly number[], layer: (x: Value, weight: Value) => Value): Promise<Float32Array> {
  const graph: Graph = createGraph();
  const x = graph.input('x', shape);
  const signs = float32(
    [2, INPUTS, ...shape.slice(2).map(() => 1)],
    Float32Array.from({ length: 2 * INPUTS }, (_, index) => (index < INPUTS ? 1 : -1)),
  );
  graph.output('y', layer(x, graph.constant(signs)));
  const plan = planQuantisation(graph);
  const spans = new Map([...plan.activations.values()].map((value) => [value, { low: 0, high: value === x ? 1 : 64 }]));
  // Of the convolution's result only what is positive is in the range.
  const program = await onnxRuntimeCpu.compile(quantise(graph, plan, spans));
  const { y } = await program.run({ x: filled(shape, 1) });
  await program.release();
  return y!.data as Float32Array;
}

describe('integer kernels do not saturate', () => {
  it('in a linear layer', async () => {
    const y = await computed([1, INPUTS], (x, weight) => gemm(x, weight, undefined, { transB: true }));
    expect(y[0]).toBeCloseTo(INPUTS, 4);
    expect(y[1]).toBeCloseTo(-INPUTS, 4);
  });

  it('in a convolution', async () => {
    const options = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], groups: 1 };
    const y = await computed([1, INPUTS, 2, 2], (x, weight) => conv(x, weight, undefined, options));
    for (const value of y.subarray(0, 4)) expect(value).toBeCloseTo(INPUTS, 4);
    for (const value of y.subarray(4)) expect(value).toBe(0);
  });
});
