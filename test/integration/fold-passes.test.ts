/** Passes that rewrite a network for speed must not change what it computes: loss and gradients before and after, by ONNX Runtime. */
import { describe, expect, it } from 'vitest';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { trainableGradients } from '../../src/graph/autodiff.ts';
import {
  add,
  batchNormalization,
  conv,
  crossEntropy,
  gelu,
  layerNormalization,
  linear,
  loraConv,
  loraLinear,
  mul,
  reduceMean,
  relu,
} from '../../src/graph/build.ts';
import { nameOf } from '../../src/graph/ir.ts';
import type { Graph, Value } from '../../src/graph/ir.ts';
import { chooseLoraForm } from '../../src/graph/passes/choose-lora-form.ts';
import { foldBatchNormalization } from '../../src/graph/passes/fold-batch-normalization.ts';
import { foldNormalization } from '../../src/graph/passes/fold-normalization.ts';
import { splitFrozen } from '../../src/graph/passes/split-frozen.ts';
import { splitFrozenValues } from '../../src/graph/passes/split-frozen-values.ts';
import { rewrite } from '../../src/graph/rewrite.ts';
import { createGraph } from '../../src/graph/registry.ts';
import { bind, symbol } from '../../src/graph/shape.ts';
import { float32, sizeOf } from '../../src/graph/tensor.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { Random } from '../../src/shared/random.ts';

const B = symbol('B');
const BATCH = { B: 3 };
/** float32 sums of some hundred terms in another order: a few units in the seventh digit, times the depth of these nets. */
const TOLERANCE = 2e-5;

const random = new Random(7);
const drawn = (shape: readonly number[], centre = 0): Tensor<'float32'> =>
  float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => centre + random.normal() / 2),
  );

/** x → LayerNorm → adapted and frozen linear layers → LayerNorm → head, with a residual path. */
function transformerLike(): Graph {
  const graph = createGraph();
  const x = graph.input('x', [5, B, 8]);
  const trained = (name: string, shape: number[]): Value => graph.input(name, shape, 'float32', { trainable: true });
  const bottom = gelu(linear(x, graph.constant(drawn([8, 8])), graph.constant(drawn([8]))));
  const normal = layerNormalization(bottom, graph.constant(drawn([8], 1)), graph.constant(drawn([8])), 1e-6);
  const adapted = loraLinear(
    normal,
    graph.constant(drawn([8, 8])),
    graph.constant(drawn([8])),
    trained('a', [2, 8]),
    trained('b', [8, 2]),
    { scale: 2 },
  );
  const frozen = linear(normal, graph.constant(drawn([8, 8])), undefined);
  const joined = add(bottom, add(adapted, frozen));
  const last = layerNormalization(joined, graph.constant(drawn([8], 1)), undefined, 1e-6);
  graph.output('logits', linear(reduceMean(last, { axes: [0] }), trained('head', [3, 8]), undefined));
  return graph;
}

/** Convolutions with BatchNorm behind them, one adapted, then a head. */
function residualLike(): Graph {
  const graph = createGraph();
  const x = graph.input('x', [B, 3, 6, 6]);
  const trained = (name: string, shape: number[]): Value => graph.input(name, shape, 'float32', { trainable: true });
  const norm = (y: Value, channels: number): Value =>
    batchNormalization(
      y,
      {
        scale: graph.constant(drawn([channels], 1)),
        bias: graph.constant(drawn([channels])),
        mean: graph.constant(drawn([channels])),
        variance: graph.constant(
          float32(
            [channels],
            Float32Array.from({ length: channels }, () => 0.5 + random.uniform()),
          ),
        ),
      },
      1e-5,
    );
  const same = { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], groups: 1 };
  const first = relu(norm(conv(x, graph.constant(drawn([4, 3, 3, 3])), undefined, same), 4));
  const adapted = loraConv(
    first,
    graph.constant(drawn([4, 4, 3, 3])),
    graph.constant(drawn([4])),
    trained('a', [2, 4, 3, 3]),
    trained('b', [4, 2, 1, 1]),
    { scale: 0.5, ...same },
  );
  const pooled = reduceMean(relu(add(first, norm(adapted, 4))), { axes: [2, 3] });
  graph.output('logits', linear(pooled, trained('head', [3, 4]), undefined));
  return graph;
}

/** Adds loss and gradients, and runs. */
async function results(graph: Graph, feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Float32Array>> {
  const logits = graph.outputs.get('logits')!;
  const labels = graph.input('labels', [B], 'int32');
  const loss = crossEntropy(logits, labels, graph.input('weights', [B]));
  for (const { parameter, gradient } of trainableGradients(loss)) graph.output(`d ${nameOf(parameter)!}`, gradient);
  graph.output('loss', loss);
  const program = await onnxRuntimeCpu.compile(graph, { threads: 1 });
  const fed = Object.fromEntries(graph.inputs.map((input) => [nameOf(input)!, feeds[nameOf(input)!]!]));
  const outputs = await program.run(fed);
  await program.release();
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]));
}

function feedsOf(graph: Graph): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {
    labels: { dtype: 'int32', shape: [3], data: Int32Array.of(0, 2, 1) },
    weights: float32([3], [0.5, 0.2, 0.3]),
  };
  for (const input of graph.inputs) feeds[nameOf(input)!] = drawn(bind(input.shape, BATCH));
  return feeds;
}

function expectEqual(actual: Record<string, Float32Array>, expected: Record<string, Float32Array>): void {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, values] of Object.entries(expected)) {
    const scale = Math.max(1, ...values.map(Math.abs));
    for (const [index, value] of values.entries()) {
      expect(Math.abs(actual[name]![index]! - value) / scale, `${name}[${index}]`).toBeLessThan(TOLERANCE);
    }
  }
}

function withForm(graph: Graph, merged: boolean): Graph {
  return rewrite(graph, {
    visit: ({ graph: to, node, inputs }) =>
      node.op.startsWith('Lora') ? to.apply(node.op, inputs, { ...node.attributes, merged }, node.module) : undefined,
  });
}

const opsOf = (graph: Graph): string[] => graph.nodes.map(({ op }) => op);

describe('folding normalisations', () => {
  it('keeps loss and gradients of LayerNorm before frozen and adapted layers', async () => {
    const graph = transformerLike();
    const feeds = feedsOf(graph);
    const folded = foldNormalization(graph);
    const norms = folded.nodes.filter(({ op }) => op === 'LayerNormalization');
    // The first is read by frozen weights alone; the last by the mean before the head, which cannot take it.
    expect(norms.map(({ inputs }) => inputs[1] === undefined)).toEqual([true, false]);
    expectEqual(await results(folded, feeds), await results(graph, feeds));
  });

  it('keeps loss and gradients of BatchNorm behind frozen and adapted convolutions', async () => {
    const graph = residualLike();
    const feeds = feedsOf(graph);
    const folded = foldBatchNormalization(graph);
    expect(opsOf(folded)).not.toContain('BatchNormalization');
    expectEqual(await results(folded, feeds), await results(graph, feeds));
  });
});

describe('choosing the form of an adapter', () => {
  it.each([transformerLike, residualLike])(
    'is free to: both forms give the same loss and gradients (%#)',
    async (make) => {
      const graph = make();
      const feeds = feedsOf(graph);
      const [merged, besides] = [true, false].map((form) => withForm(graph, form));
      expectEqual(await results(besides!, feeds), await results(merged!, feeds));
    },
  );

  it('leaves wide convolutions their constant weight, and merges where few channels are read', () => {
    // 3 × 3, with r = 8: at many pixels, a merged weight costs 0.15·2·9·in a pixel and output, the path 2·8 + 50.
    const merged = (channels: number, rank: number): unknown => {
      const graph = createGraph();
      const x = graph.input('x', [B, channels, 32, 32]);
      const a = graph.input('a', [rank, channels, 3, 3], 'float32', { trainable: true });
      const b = graph.input('b', [64, rank, 1, 1], 'float32', { trainable: true });
      const same = { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], groups: 1 };
      const weight = graph.constant(drawn([64, channels, 3, 3]));
      graph.output('y', loraConv(x, weight, undefined, a, b, { scale: 1, ...same }));
      return chooseLoraForm(graph, BATCH).nodes.find(({ op }) => op === 'LoraConv')!.attributes['merged'];
    };
    expect(merged(64, 8)).toBe(false);
    expect(merged(3, 8)).toBe(true);
    expect(merged(32, 8)).toBe(false);
    expect(merged(32, 64)).toBe(true);
  });

  it('merges a linear layer as soon as there are enough rows to repay it', () => {
    // 8 × 8 with r = 2: merging costs 2·2·64, the side path 2·2·16 a row; 5 rows an image.
    const merged = (batch: number): unknown =>
      chooseLoraForm(transformerLike(), { B: batch }).nodes.find(({ op }) => op === 'LoraLinear')!.attributes['merged'];
    expect(merged(0.8)).toBe(false);
    expect(merged(1)).toBe(true);
  });
});

describe('splitting off the frozen bottom', () => {
  it.each([transformerLike, residualLike])(
    'computes the same through the features of each image (%#)',
    async (make) => {
      const graph = make();
      const feeds = feedsOf(graph);
      const split = splitFrozen(graph, graph.inputs[0]!, 'features', 'B')!;
      const bottom = await onnxRuntimeCpu.compile(split.bottom, { threads: 1 });
      const { features } = await bottom.run({ x: feeds['x']! });
      expect(features!.shape).toEqual([3, ...split.shape]);
      expect(split.top.inputs.map(nameOf)).not.toContain('x');
      expectEqual(await results(split.top, { ...feeds, features: features! }), await results(graph, feeds));
    },
  );

  it('keeps several values behind each other where none has all, results that are frozen too', async () => {
    const graph = createGraph();
    const x = graph.input('x', [B, 4]);
    const wide = relu(linear(x, graph.constant(drawn([6, 4])), undefined));
    const narrow = relu(linear(x, graph.constant(drawn([2, 4])), undefined));
    const [onWide, onNarrow] = [6, 2].map((features) =>
      graph.input(`w${features}`, [3, features], 'float32', { trainable: true }),
    );
    graph.output('logits', add(linear(wide, onWide!, undefined), linear(narrow, onNarrow!, undefined)));
    graph.output('frozen', mul(narrow, 2));
    expect(splitFrozen(graph, x, 'features', 'B')).toBeUndefined();

    const split = splitFrozenValues(graph, x, 'features', 'B')!;
    expect(split.shape).toEqual([6 + 2 + 2]);
    expect(split.top.inputs.map(nameOf)).not.toContain('x');
    const feeds = feedsOf(graph);
    const bottom = await onnxRuntimeCpu.compile(split.bottom, { threads: 1 });
    const { features } = await bottom.run({ x: feeds['x']! });
    expectEqual(await results(split.top, { ...feeds, features: features! }), await results(graph, feeds));
  });

  it('keeps nothing where what is trained reads the images themselves', () => {
    const graph = createGraph();
    const x = graph.input('x', [B, 4]);
    graph.output('logits', linear(x, graph.input('w', [2, 4], 'float32', { trainable: true }), undefined));
    expect(splitFrozenValues(graph, x, 'features', 'B')).toBeUndefined();
  });

  it('finds nothing to keep below an adapter on the first layer', () => {
    const graph = createGraph();
    const x = graph.input('x', [B, 4]);
    const a = graph.input('a', [1, 4], 'float32', { trainable: true });
    const b = graph.input('b', [2, 1], 'float32', { trainable: true });
    graph.output('logits', loraLinear(x, graph.constant(drawn([2, 4])), undefined, a, b, { scale: 1 }));
    expect(splitFrozen(graph, x, 'features', 'B')).toBeUndefined();
  });
});
