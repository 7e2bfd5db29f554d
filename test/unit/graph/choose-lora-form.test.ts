/** That both forms give the same loss and gradients is what test/integration/fold-passes.test.ts shows. */
import { describe, expect, it } from 'vitest';
import { loraConv, loraLinear, relu } from '../../../src/graph/build.ts';
import type { Graph, Value } from '../../../src/graph/ir.ts';
import { chooseLoraForm } from '../../../src/graph/passes/choose-lora-form.ts';
import { createGraph } from '../../../src/graph/registry.ts';
import { symbol } from '../../../src/graph/shape.ts';
import { zeros } from '../../../src/graph/tensor.ts';

const frozen = (graph: Graph, ...shape: number[]): Value => graph.constant(zeros('float32', shape));
const trained = (graph: Graph, name: string, ...shape: number[]): Value =>
  graph.input(name, shape, 'float32', { trainable: true });

const merged = (graph: Graph, images: number): unknown =>
  chooseLoraForm(graph, { B: images }).nodes.find(({ op }) => op.startsWith('Lora'))!.attributes['merged'];

describe('the form of a linear adapter', () => {
  // Forming B·A is worth it for more rows than out·in / (out + in), whatever the rank: 24 of 96 × 32.
  it.each([1, 8, 32])('is merged from the rows on that repay B·A, rank %i', (rank) => {
    const graph = createGraph();
    const x = graph.input('x', [4, symbol('B'), 32]);
    const [a, b] = [trained(graph, 'a', rank, 32), trained(graph, 'b', 96, rank)];
    graph.output('y', loraLinear(x, frozen(graph, 96, 32), undefined, a, b, { scale: 1 }));
    expect(merged(graph, 6)).toBe(false);
    expect(merged(graph, 7)).toBe(true);
  });
});

describe('the form of a convolution’s adapter', () => {
  const convolution = (channels: number, rank: number, size: number, stride = 1): Graph => {
    const graph = createGraph();
    const x = graph.input('x', [symbol('B'), channels, size, size]);
    const [a, b] = [trained(graph, 'a', rank, channels, 3, 3), trained(graph, 'b', 64, rank, 1, 1)];
    const same = { strides: [stride, stride], pads: [1, 1, 1, 1], dilations: [1, 1], groups: 1 };
    graph.output('y', loraConv(x, frozen(graph, 64, channels, 3, 3), undefined, a, b, { scale: 1, ...same }));
    return graph;
  };

  // Of many pixels what counts is each: 0.15·2·9·channels for a weight that is no constant, 2·rank + 50 for the path.
  it.each([
    [24, 8, true],
    [25, 8, false],
    [64, 8, false],
    [64, 61, false],
    [64, 62, true],
  ])('%i channels, rank %i: merged %s', (channels, rank, expected) => {
    expect(merged(convolution(channels, rank, 64), 64)).toBe(expected);
  });

  // 90·9·channels to gather each pixel with a stride, against 2·rank + 50 for each of 64 results: only few channels are worth it.
  it.each([
    [3, true],
    [8, false],
    [64, false],
  ])('%i channels with a stride: merged %s', (channels, expected) => {
    expect(merged(convolution(channels, 8, 64, 2), 64)).toBe(expected);
  });

  it('is a path where there are fewer pixels than repay forming the weight', () => {
    expect(merged(convolution(3, 8, 64), 64)).toBe(true);
    expect(merged(convolution(3, 8, 4), 1)).toBe(false);
  });
});

describe('the form of a convolution’s gradient', () => {
  const merges = (channels: number, out: number, kernel: number, size: number): unknown => {
    const graph = createGraph();
    const x = graph.input('x', [symbol('B'), channels, size, size]);
    const [a, b] = [trained(graph, 'a', 8, channels, kernel, kernel), trained(graph, 'b', out, 8, 1, 1)];
    const pad = (kernel - 1) / 2;
    const same = { strides: [1, 1], pads: [pad, pad, pad, pad], dilations: [1, 1], groups: 1 };
    const weight = frozen(graph, out, channels, kernel, kernel);
    graph.output('y', loraConv(x, weight, undefined, a, b, { scale: 1, ...same }));
    return chooseLoraForm(graph, { B: 1 }).nodes[0]!.attributes['mergedGradient'];
  };

  // Of many pixels what counts is each: 0.15·2·9·out for a weight that is no constant, 2·rank·9 + 50 for the path.
  it.each([
    [71, true],
    [72, false],
  ])('of 3 × 3 with many pixels, %i results: merged %s', (out, expected) => {
    expect(merges(64, out, 3, 1024)).toBe(expected);
  });

  // 2·rank + 100 to form and turn a weight, 2·rank + 50 for each pixel of the path.
  it.each([
    [20, 227, true],
    [20, 228, false],
  ])('of 1 × 1 with %i² pixels, %i results: merged %s', (size, out, expected) => {
    expect(merges(64, out, 1, size)).toBe(expected);
  });
});

describe('the gradients of a convolution’s adapter', () => {
  const isWhole = (
    shape: readonly [channels: number, out: number],
    kernel: number,
    rank = 8,
    slides = true,
  ): unknown => {
    const [channels, out] = shape;
    const graph = createGraph();
    const x = graph.input('x', [symbol('B'), channels, 160, 160]);
    const [a, b] = [trained(graph, 'a', rank, channels, kernel, kernel), trained(graph, 'b', out, rank, 1, 1)];
    const pad = (kernel - 1) / 2;
    const same = { strides: [1, 1], pads: [pad, pad, pad, pad], dilations: [1, 1], groups: 1 };
    const weight = frozen(graph, out, channels, kernel, kernel);
    graph.output('y', loraConv(x, weight, undefined, a, b, { scale: 1, ...same }));
    return chooseLoraForm(graph, { B: 1 }, slides).nodes[0]!.attributes['wholeGradient'];
  };

  // Of many pixels what counts is each: 2·c for the whole, 4·rank + 40 for z and dA, 4·rank + 60 for dz and dB, of each of c channels.
  it.each([
    [81, 8, true],
    [82, 8, false],
    [177, 32, true],
    [178, 32, false],
  ])('of 1 × 1, %i channels, rank %i: by the whole weight’s %s', (channels, rank, expected) => {
    expect(isWhole([channels, channels], 1, rank)).toBe(expected);
  });

  it('of 3 × 3 come from the whole weight’s where there are not many more channels than the rank', () => {
    expect(isWhole([8, 16], 3)).toBe(true);
    expect(isWhole([64, 64], 3)).toBe(false);
  });

  it('never do where the weight’s gradient is unrolled', () => {
    expect(isWhole([8, 16], 3, 8, false)).toBe(false);
  });
});

it('changes nothing but the form', () => {
  const graph = createGraph();
  const x = graph.input('x', [symbol('B'), 4]);
  const [a, b] = [trained(graph, 'a', 2, 4), trained(graph, 'b', 3, 2)];
  graph.output('y', relu(loraLinear(x, frozen(graph, 3, 4), undefined, a, b, { scale: 0.5 }, 'blocks.0.fc1')));
  const [layer, after] = chooseLoraForm(graph, { B: 1 }).nodes;
  expect(layer).toMatchObject({ op: 'LoraLinear', module: 'blocks.0.fc1', attributes: { scale: 0.5 } });
  expect(after!.op).toBe('Relu');
});
