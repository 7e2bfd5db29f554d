/** A step that computes segments of its forward pass again gives the same gradients, and engines leave it its memory. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { decodeModel } from '../../src/formats/onnx-proto.ts';
import type { NodeProto } from '../../src/formats/onnx-proto.ts';
import { trainableGradients } from '../../src/graph/autodiff.ts';
import { add, gelu, layerNormalization, linear, loraLinear, mul, reduceSum, reshape } from '../../src/graph/build.ts';
import { countCost, estimateMemory } from '../../src/graph/cost.ts';
import { isTrainable, nameOf } from '../../src/graph/ir.ts';
import type { Graph, Value } from '../../src/graph/ir.ts';
import { recomputable } from '../../src/graph/passes/recompute.ts';
import type { Recomputable } from '../../src/graph/passes/recompute.ts';
import { createGraph } from '../../src/graph/registry.ts';
import { bind, symbol } from '../../src/graph/shape.ts';
import { float32, sizeOf } from '../../src/graph/tensor.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { Random } from '../../src/shared/random.ts';
import { residentStep } from '../../src/trainer/resident-step.ts';
import { gradientOf, LOSS } from '../../src/trainer/step.ts';
import { enginesUnderTest } from '../engines.ts';

const [ROWS, WIDTH, HIDDEN, RANK, BLOCKS, FROZEN] = [512, 64, 256, 4, 8, 2];
const BINDINGS = { B: ROWS };
const random = new Random(3);

function normal(shape: readonly number[], deviation: number): Tensor<'float32'> {
  return float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => deviation * random.normal()),
  );
}

/** Residual blocks, the lowest without adapters; outputs are the loss and the adapters' gradients. */
function step(): Graph {
  const graph = createGraph();
  const weight = (out: number, input: number): Value => graph.constant(normal([out, input], input ** -0.5));
  const layer = (x: Value, out: number, input: number, name: string | null): Value => {
    if (name === null) return linear(x, weight(out, input), undefined);
    const trained = (part: string, shape: readonly number[]): Value =>
      graph.input(`${name} ${part}`, shape, 'float32', { trainable: true });
    // As a convolution's, which a product sees with another shape than the file.
    const a = reshape(trained('a', [RANK, input, 1]), [RANK, input]);
    return loraLinear(x, weight(out, input), trained('bias', [out]), a, trained('b', [out, RANK]), { scale: 1 });
  };
  let x = linear(graph.input('x', [symbol('B'), WIDTH]), weight(WIDTH, WIDTH), undefined);
  for (let block = 0; block < BLOCKS; block++) {
    const name = (part: string): string | null => (block < FROZEN ? null : `${part} ${block}`);
    const wide = gelu(layer(layerNormalization(x, undefined, undefined, 1e-6), HIDDEN, WIDTH, name('up')));
    x = add(x, layer(wide, WIDTH, HIDDEN, name('down')));
  }
  const loss = reduceSum(mul(x, x), { axes: [0, 1] });
  for (const { parameter, gradient } of trainableGradients(loss))
    graph.output(gradientOf(nameOf(parameter)!), gradient);
  graph.output(LOSS, loss);
  return graph;
}

let folder: string;
let steps: Recomputable;
let feeds: Record<string, Tensor>;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lowrank-recompute-'));
  const graph = step();
  steps = recomputable(
    graph,
    [LOSS],
    graph.inputs.find((input) => nameOf(input) === 'x')!,
  );
  feeds = Object.fromEntries(
    graph.inputs.map((input) => [nameOf(input)!, normal(bind(input.shape, BINDINGS), isTrainable(input) ? 0.1 : 1)]),
  );
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** What ONNX Runtime really runs, in its order. */
async function nodesRun(graph: Graph): Promise<readonly NodeProto[]> {
  const file = join(folder, 'optimized.onnx');
  await (await onnxRuntimeCpu.compile(graph, { dumpTo: file })).release();
  return decodeModel(readFileSync(file), { file }).graph.node;
}

async function gemms(graph: Graph): Promise<number> {
  return (await nodesRun(graph)).filter(({ opType }) => opType === 'Gemm').length;
}

/** The most results of GELUs, the widest values of a block, that are still to be read at one time. */
async function keptAtOnce(graph: Graph): Promise<number> {
  const nodes = await nodesRun(graph);
  const lastRead = new Map(nodes.flatMap(({ input = [] }, index) => input.map((name) => [name, index] as const)));
  const lives = nodes.flatMap(({ opType, output = [] }, index) =>
    opType === 'Gelu' ? [{ from: index, to: lastRead.get(output[0]!)! }] : [],
  );
  const alive = nodes.map((_, index) => lives.filter(({ from, to }) => from <= index && index < to).length);
  return Math.max(...alive);
}

/** With the optimizer inside. */
function updating(graph: Graph): Graph {
  const parameters = graph.inputs.filter(isTrainable).map((input) => ({
    name: nameOf(input)!,
    shape: bind(input.shape, {}),
    group: { learningRateScale: 1, weightDecay: 0 },
  }));
  return residentStep(graph, { parameters, accumulates: false }).graph;
}

describe('a step that recomputes', () => {
  it.each(enginesUnderTest)('has the gradients of the plain one ($name)', async (engine) => {
    const plain = await engine.compile(steps.with(0));
    const expected = await plain.run(feeds);
    await plain.release();
    for (const count of [1, 4, steps.segments]) {
      const again = await engine.compile(steps.with(count));
      const found = await again.run(feeds);
      await again.release();
      for (const [name, { data }] of Object.entries(expected)) {
        // The same kernels over the same numbers: no tolerance.
        expect(found[name]!.data, `${name}, ${count} segments`).toEqual(data);
      }
    }
  });

  it('keeps what is above the frozen blocks alone', () => {
    // A block is one segment; the two without adapters have nothing to keep, and the last is followed by its gradient at once.
    expect(steps.segments).toBeGreaterThanOrEqual(BLOCKS - FROZEN - 1);
    const { flops } = countCost(steps.with(0), BINDINGS);
    const again = countCost(steps.with(steps.segments), BINDINGS).flops;
    // Not more than the forward pass of the adapted blocks, which is a third of all of the step.
    expect(again / flops).toBeGreaterThan(1.05);
    expect(again / flops).toBeLessThan(1.34);
  });

  it('needs the less memory the more is recomputed', () => {
    const needs = [0, 2, 4, steps.segments].map((count) => estimateMemory(steps.with(count), BINDINGS).activations);
    expect(needs).toEqual(needs.toSorted((a, b) => b - a));
    expect(needs.at(-1)! / needs[0]!).toBeLessThan(0.4);
  });

  it('is not undone by ONNX Runtime', async () => {
    const [plain, again] = [await gemms(steps.with(0)), await gemms(steps.with(steps.segments))];
    // Of each recomputed block at least the wide layer, which GELU's gradient and the adapter above it read.
    expect(again - plain).toBeGreaterThanOrEqual(steps.segments - 1);
  });

  it.each([
    ['on the host', (graph: Graph): Graph => graph],
    ['in the step', updating],
  ])('runs in an order that keeps no more than a segment, with the optimizer %s', async (_, written) => {
    expect(await keptAtOnce(written(steps.with(0)))).toBeGreaterThanOrEqual(BLOCKS - FROZEN);
    // One in use, and one that its segment's end is computed from.
    expect(await keptAtOnce(written(steps.with(steps.segments)))).toBeLessThanOrEqual(2);
  });
});
