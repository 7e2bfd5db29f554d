/** A convolutional network as a whole: what ops.test.ts shows of each op, of all of them together and with a symbolic batch. */
import { describe, expect, it } from 'vitest';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import type { Tensors } from '../../src/engines/engine.ts';
import { gradients, trainableGradients } from '../../src/graph/autodiff.ts';
import {
  add,
  averagePool,
  batchNormalization,
  conv,
  globalAveragePool,
  globalMaxPool,
  linear,
  loraConv,
  maxPool,
  mul,
  reduceSum,
  relu,
  reshape,
  silu,
} from '../../src/graph/build.ts';
import { nameOf } from '../../src/graph/ir.ts';
import type { Graph, Value } from '../../src/graph/ir.ts';
import { createGraph } from '../../src/graph/registry.ts';
import { bind, symbol } from '../../src/graph/shape.ts';
import type { Dim } from '../../src/graph/shape.ts';
import { float32, sizeOf } from '../../src/graph/tensor.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { Random } from '../../src/shared/random.ts';
import { expectClose } from '../close.ts';

const IMAGES = 3;

function drawn(shape: readonly number[], random: Random, deviation: number): Tensor<'float32'> {
  return float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => deviation * random.normal()),
  );
}

/** Every kind of layer, some frozen, some adapted, one trained, down to a loss that is the sum of the weighted logits' squares. */
function network(batch: Dim): Graph {
  const graph = createGraph();
  const random = new Random(3);
  const frozen = (...shape: number[]): Value => graph.constant(drawn(shape, random, 0.4));
  const trained = (name: string, ...shape: number[]): Value => graph.input(name, shape, 'float32', { trainable: true });
  const options = (pad: number, stride: number, groups = 1) => ({
    strides: [stride, stride],
    pads: [pad, pad, pad, pad],
    dilations: [1, 1],
    groups,
  });
  const adapted = (name: string, x: Value, out: number, kernel: number, stride: number): Value => {
    const channels = x.shape[1] as number;
    const [a, b] = [trained(`${name}.a`, 2, channels, kernel, kernel), trained(`${name}.b`, out, 2, 1, 1)];
    const geometry = { scale: 0.5, ...options((kernel - 1) / 2, stride) };
    return loraConv(x, frozen(out, channels, kernel, kernel), frozen(out), a, b, geometry);
  };
  const norm = (x: Value): Value => {
    const channels = x.shape[1] as number;
    const variance = graph.constant(float32([channels], new Float32Array(channels).fill(0.7)));
    const parameters = { scale: frozen(channels), bias: frozen(channels), mean: frozen(channels), variance };
    return batchNormalization(x, parameters, 1e-5);
  };

  const x = graph.input('x', [batch, 3, 12, 12]);
  const stem = maxPool(silu(norm(adapted('stem', x, 8, 5, 2))), {
    kernel: [3, 3],
    strides: [1, 1],
    pads: [1, 1, 1, 1],
  });
  const deep = silu(conv(stem, frozen(8, 1, 3, 3), undefined, options(1, 1, 8)));
  const block = add(stem, adapted('block', deep, 8, 3, 1));
  const small = averagePool(silu(block), { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  const wide = conv(small, trained('wide.weight', 6, 4, 3, 3), trained('wide.bias', 6), options(1, 1, 2));
  const gate = adapted('gate', globalAveragePool(wide), 6, 1, 1);
  const strided = conv(mul(wide, gate), frozen(4, 6, 2, 2), undefined, options(0, 2));
  const pooled = add(globalMaxPool(strided), globalAveragePool(strided));
  const logits = linear(reshape(pooled, [batch, 4]), frozen(2, 4), undefined);
  const loss = reduceSum(mul(logits, logits), { axes: [0, 1] });
  graph.output('loss', loss);
  for (const { parameter, gradient } of trainableGradients(loss)) graph.output(`d ${nameOf(parameter)!}`, gradient);
  return graph;
}

function feedsOf(graph: Graph): Record<string, Tensor<'float32'>> {
  const random = new Random(11);
  return Object.fromEntries(
    graph.inputs.map((input) => [nameOf(input)!, drawn(bind(input.shape, { B: IMAGES }), random, 0.4)]),
  );
}

async function run(graph: Graph, ...feeds: Tensors[]): Promise<Tensors[]> {
  const program = await onnxRuntimeCpu.compile(graph, { threads: 1 });
  const results: Tensors[] = [];
  for (const each of feeds) results.push(await program.run(each));
  await program.release();
  return results;
}

describe('a convolutional network', () => {
  it('has the gradients that its loss has in any direction', async () => {
    const graph = network(symbol('B'));
    const feeds = feedsOf(graph);
    const random = new Random(5);
    const parameters = graph.inputs.map((input) => nameOf(input)!).filter((name) => name !== 'x');
    const direction = new Map(parameters.map((name) => [name, drawn(feeds[name]!.shape, random, 1).data]));
    const moved = (h: number): Tensors => ({
      ...feeds,
      ...Object.fromEntries(
        parameters.map((name) => {
          const { shape, data } = feeds[name]!;
          return [
            name,
            float32(
              shape,
              data.map((value, index) => value + h * direction.get(name)![index]!),
            ),
          ];
        }),
      ),
    });
    // Small enough to keep to the same maxima; the loss is known to about 1e-6 of itself.
    const h = 2 ** -9;
    const [here, above, below] = await run(graph, feeds, moved(h), moved(-h));
    const slope = parameters.reduce(
      (sum, name) =>
        direction
          .get(name)!
          .reduce((part, value, index) => part + value * Number(here![`d ${name}`]!.data[index]), sum),
      0,
    );
    const loss = (results: Tensors | undefined): number => Number(results!['loss']!.data[0]);
    const difference = (loss(above) - loss(below)) / (2 * h);
    expect(Math.abs(slope)).toBeGreaterThan(1);
    // Rounding of the losses over 2h, and the third derivative times h²/6.
    expect(Math.abs(difference - slope) / Math.abs(slope)).toBeLessThan(5e-3);
  });

  it('is the same with a batch that is known only when it runs', async () => {
    const [symbolic, fixed] = [network(symbol('B')), network(IMAGES)];
    const feeds = feedsOf(fixed);
    const [actual] = await run(symbolic, feeds);
    const [expected] = await run(fixed, feeds);
    expect(Object.keys(actual!)).toEqual(Object.keys(expected!));
    // The same operators on the same numbers; only sums may run in another order.
    for (const [name, { data }] of Object.entries(expected!)) expectClose(actual![name]!.data, data, 1e-5);
  });
});

describe('max pooling', () => {
  const gradientOf = async (
    values: number[],
    size: number,
    options: Parameters<typeof maxPool>[1],
  ): Promise<number[]> => {
    const graph = createGraph();
    const x = graph.input('x', [symbol('B'), 1, size, size]);
    const y = maxPool(relu(x), options);
    graph.output('d', gradients(reduceSum(y, { axes: [0, 1, 2, 3] }), [x])[0]!);
    const images = values.length / size ** 2;
    const [results] = await run(graph, { x: float32([images, 1, size, size], values) });
    return Array.from(results!['d']!.data, Number);
  };

  it('gives the gradient to the first of equal maxima, as PyTorch does', async () => {
    const overlapping = { kernel: [2, 2], strides: [1, 1], pads: [0, 0, 0, 0] };
    expect(await gradientOf(Array<number>(9).fill(1), 3, overlapping)).toEqual([1, 1, 0, 1, 1, 0, 0, 0, 0]);
  });

  it('adds up where one pixel is the maximum of several windows, image by image', async () => {
    const padded = { kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] };
    const centre = [1, 1, 1, 1, 9, 1, 1, 1, 1];
    const corner = [9, 1, 1, 1, 1, 1, 1, 1, 1];
    expect(await gradientOf([...centre, ...corner], 3, padded)).toEqual([
      ...[0, 0, 0, 0, 9, 0, 0, 0, 0],
      // The five windows that do not reach the corner see ones alone, of which each takes its first.
      ...[4, 2, 0, 2, 1, 0, 0, 0, 0],
    ]);
  });
});
