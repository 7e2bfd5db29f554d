/** The memory that a training step is estimated to need, against what the process really grows by. */
import { expect, it } from 'vitest';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { trainableGradients } from '../../src/graph/autodiff.ts';
import { add, gelu, layerNormalization, linear, loraLinear, reduceSum } from '../../src/graph/build.ts';
import { estimateMemory } from '../../src/graph/cost.ts';
import { nameOf } from '../../src/graph/ir.ts';
import type { Graph, Value } from '../../src/graph/ir.ts';
import { createGraph } from '../../src/graph/registry.ts';
import { bind, symbol } from '../../src/graph/shape.ts';
import { zeros } from '../../src/graph/tensor.ts';

const [ROWS, WIDTH, HIDDEN, RANK, BLOCKS] = [1024, 128, 512, 4, 12];
/** What the planner promises. The arena of ONNX Runtime holds chunks that fit only nearly; the heap of Node moves by some megabytes. */
const TOLERANCE = 0.25;

/** Residual blocks of two adapted layers, and the gradients of the adapters. */
function step(): Graph {
  const graph = createGraph();
  const adapted = (x: Value, input: number, out: number, name: string): Value => {
    const a = graph.input(`${name} a`, [RANK, input], 'float32', { trainable: true });
    const b = graph.input(`${name} b`, [out, RANK], 'float32', { trainable: true });
    const weight = graph.constant(zeros('float32', [out, input]));
    return loraLinear(x, weight, graph.constant(zeros('float32', [out])), a, b, { scale: 1 });
  };
  let x = linear(graph.input('x', [symbol('B'), WIDTH]), graph.constant(zeros('float32', [WIDTH, WIDTH])), undefined);
  for (let block = 0; block < BLOCKS; block++) {
    const wide = gelu(adapted(layerNormalization(x, undefined, undefined, 1e-6), WIDTH, HIDDEN, `up ${block}`));
    x = add(x, adapted(wide, HIDDEN, WIDTH, `down ${block}`));
  }
  const loss = reduceSum(x, { axes: [0, 1] });
  for (const { parameter, gradient } of trainableGradients(loss)) graph.output(`d ${nameOf(parameter)!}`, gradient);
  return graph;
}

it('is what the process grows by', async () => {
  const graph = step();
  const bindings = { B: ROWS };
  const program = await onnxRuntimeCpu.compile(graph);
  const feeds = Object.fromEntries(
    graph.inputs.map((input) => [nameOf(input)!, zeros(input.dtype, bind(input.shape, bindings))]),
  );
  const before = process.memoryUsage.rss();
  // The arena keeps what a run took, so the second run shows whether more is taken each time.
  await program.run(feeds);
  await program.run(feeds);
  const grown = process.memoryUsage.rss() - before;
  await program.release();
  const { activations } = estimateMemory(graph, bindings);
  expect(activations / grown).toBeGreaterThan(1 - TOLERANCE);
  expect(activations / grown).toBeLessThan(1 + TOLERANCE);
});
