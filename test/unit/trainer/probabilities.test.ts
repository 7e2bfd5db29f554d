import { expect, it } from 'vitest';
import { onnxRuntimeCpu } from '../../../src/engines/onnxruntime.ts';
import { createGraph } from '../../../src/graph/registry.ts';
import { float32 } from '../../../src/graph/tensor.ts';
import { softmax, surpriseOf } from '../../../src/trainer/probabilities.ts';

it('is surprised finitely by what underflows, also after an engine had the processor take denormals as zero', async () => {
  const graph = createGraph();
  graph.output('y', graph.apply('Exp', [graph.input('x', [1])])[0]!);
  const program = await onnxRuntimeCpu.compile(graph, { threads: 1 });
  await program.run({ x: float32([1], [1]) });
  const [likely, impossible] = softmax(Float32Array.of(2000, -2000));
  expect(surpriseOf(likely!)).toBeCloseTo(0, 12);
  expect(surpriseOf(impossible!)).toBeGreaterThan(700);
  expect(surpriseOf(impossible!)).toBeLessThan(Infinity);
  await program.release();
});
