/** Which forms the gradients of a convolution take; that they are right is what test/integration/ops.test.ts shows. */
import { describe, expect, it } from 'vitest';
import { trainableGradients } from '../../../src/graph/autodiff.ts';
import { conv, loraConv, mul, reduceSum } from '../../../src/graph/build.ts';
import type { ConvOptions } from '../../../src/graph/build.ts';
import type { Graph, Value } from '../../../src/graph/ir.ts';
import { lower } from '../../../src/graph/passes/lower.ts';
import { slideWeightGradients } from '../../../src/graph/passes/slide-weight-gradients.ts';
import { createGraph } from '../../../src/graph/registry.ts';
import { bind, symbol } from '../../../src/graph/shape.ts';
import { sizeOf, zeros } from '../../../src/graph/tensor.ts';

const BATCH = { B: 8 };

interface Layer {
  readonly channels: number;
  readonly out: number;
  readonly kernel?: number;
  readonly stride?: number;
  readonly size?: number;
  readonly groups?: number;
}

/** The graph of a layer's gradients; its input is trained, to stand for layers below. */
function differentiated(layer: Layer, write: (x: Value, weight: Value, options: ConvOptions) => Value): Graph {
  const { channels, out, kernel = 3, stride = 1, size = 16, groups = 1 } = layer;
  const graph = createGraph();
  const x = graph.input('x', [symbol('B'), channels, size, size], 'float32');
  const scale = graph.input('scale', [channels, 1, 1], 'float32', { trainable: true });
  const below = mul(x, scale);
  const pad = (kernel - 1) / 2;
  const weight = graph.constant(zeros('float32', [out, channels / groups, kernel, kernel]));
  const y = write(below, weight, {
    strides: [stride, stride],
    pads: [pad, pad, pad, pad],
    dilations: [1, 1],
    groups,
  });
  const loss = reduceSum(mul(y, y), { axes: [0, 1, 2, 3] });
  for (const { parameter, gradient } of trainableGradients(loss)) graph.output(`d ${parameter.id}`, gradient);
  return graph;
}

const gradientGraph = (...of: Parameters<typeof differentiated>): Graph => lower(differentiated(...of));

const count = ({ nodes }: Graph, op: string): number => nodes.filter((node) => node.op === op).length;
/** Elements of the largest value that the ops of that name write. */
const largest = ({ nodes }: Graph, op: string): number =>
  Math.max(0, ...nodes.filter((node) => node.op === op).map(({ outputs: [y] }) => sizeOf(bind(y!.shape, BATCH))));

const frozen = (x: Value, weight: Value, options: ConvOptions): Value => conv(x, weight, undefined, options);

const adapted =
  (rank: number) =>
  (x: Value, weight: Value, options: ConvOptions): Value => {
    const [out, , kh, kw] = weight.shape as [number, number, number, number];
    const trained = (name: string, shape: number[]): Value =>
      x.graph.input(name, shape, 'float32', { trainable: true });
    const a = trained('a', [rank, x.shape[1] as number, kh, kw]);
    const b = trained('b', [out, rank / options.groups, 1, 1]);
    return loraConv(x, weight, undefined, a, b, { scale: 1, ...options });
  };

describe('a frozen convolution', () => {
  it('goes back through a convolution with its turned weight, which is a constant', () => {
    const graph = gradientGraph({ channels: 8, out: 16 }, frozen);
    expect([count(graph, 'Conv'), count(graph, 'ConvTranspose')]).toEqual([2, 0]);
  });

  it('goes back through its transpose where it has a stride', () => {
    const graph = gradientGraph({ channels: 8, out: 16, stride: 2 }, frozen);
    expect([count(graph, 'Conv'), count(graph, 'ConvTranspose')]).toEqual([1, 1]);
  });

  it('stays depthwise on its way back', () => {
    const graph = gradientGraph({ channels: 8, out: 8, groups: 8 }, frozen);
    const groups = graph.nodes.filter(({ op }) => op === 'Conv').map(({ attributes }) => attributes['groups']);
    expect(groups).toEqual([8, 8]);
  });
});

describe('an adapted convolution', () => {
  const CHANNELS = 64;
  const PIXELS = 8 * 16 * 16;

  it('unrolls the rank, never the channels', () => {
    const graph = gradientGraph({ channels: CHANNELS, out: 32 }, adapted(4));
    expect(largest(graph, 'Concat')).toBe(9 * 4 * PIXELS);
    // A: r channels are written where the layer has none to unroll.
    expect(count(graph, 'ConvTranspose')).toBe(1);
  });

  it('slides dz over x, or x over dz, on a CPU', () => {
    const slid = (layer: Layer): number[] => {
      const graph = lower(slideWeightGradients(differentiated(layer, adapted(4))));
      return [count(graph, 'Concat'), count(graph, 'Pad'), largest(graph, 'Transpose')];
    };
    // The larger of what is transposed is x: nothing is written once a tap.
    expect(slid({ channels: CHANNELS, out: 32 })).toEqual([0, 0, CHANNELS * PIXELS]);
    expect(slid({ channels: CHANNELS, out: 32, stride: 2 })).toEqual([0, 0, CHANNELS * PIXELS]);
    expect(slid({ channels: 3, out: 32, kernel: 7, stride: 2 })).toEqual([0, 0, 3 * PIXELS]);
  });

  it('unrolls x where a kernel with a stride reads few channels', () => {
    const graph = gradientGraph({ channels: 3, out: 32, kernel: 7, stride: 2 }, adapted(8));
    expect(largest(graph, 'Concat')).toBe((49 * 3 * PIXELS) / 4);
  });

  it('with a kernel of one pixel unrolls nothing', () => {
    const graph = gradientGraph({ channels: CHANNELS, out: 32, kernel: 1 }, adapted(4));
    expect([count(graph, 'Concat'), count(graph, 'Slice'), count(graph, 'ConvTranspose')]).toEqual([0, 0, 0]);
  });

  it('never forms the gradient of its whole weight', () => {
    const graph = gradientGraph({ channels: CHANNELS, out: 32, size: 2 }, adapted(4));
    const weights = CHANNELS * 32 * 9;
    const products = graph.nodes.filter(({ op }) => op === 'MatMul' || op === 'Gemm');
    expect(products).toHaveLength(2);
    for (const { outputs } of products) expect(sizeOf(bind(outputs[0]!.shape, BATCH))).toBeLessThan(weights);
  });
});

describe('a trained convolution', () => {
  it('sums over the images inside the product where that writes less than a product an image', () => {
    const trained = (x: Value, weight: Value, options: ConvOptions): Value => {
      const shape = bind(weight.shape, BATCH);
      return conv(x, x.graph.input('w', shape, 'float32', { trainable: true }), undefined, options);
    };
    const products = (size: number): number[] => {
      const graph = gradientGraph({ channels: 32, out: 32, size }, trained);
      return [count(graph, 'Gemm'), count(graph, 'MatMul')];
    };
    expect(products(4)).toEqual([1, 0]);
    expect(products(32)).toEqual([0, 1]);
  });
});
