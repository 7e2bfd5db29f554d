/**
 * The forms that a convolution, its adapter and their gradients can take, side by side: what src/graph/convolution.ts chooses by.
 *
 * One thread, and its processor time instead of the clock's: the figures then hold on a busy machine too. Each form ends in a maximum over its
 * result, so that none is copied to the host. Forms take turns; printed are medians in milliseconds.
 *
 *   npx esbuild test/bench/conv-forms.ts --bundle --platform=node --format=esm --packages=external --outfile=dist/tools/conv-forms.js
 *   node dist/tools/conv-forms.js
 */
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import {
  concat,
  conv,
  convTranspose,
  matmul,
  pad,
  reduceMax,
  reduceSum,
  reshape,
  slice,
} from '../../src/graph/build.ts';
import { convInputGradient, narrowConv } from '../../src/graph/convolution.ts';
import { dilate, flip } from '../../src/graph/dilate.ts';
import type { Value } from '../../src/graph/ir.ts';
import { createGraph } from '../../src/graph/registry.ts';
import { slidWeightGradient } from '../../src/graph/slid-gradient.ts';
import { sizeOf } from '../../src/graph/tensor.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { unrolledWeightGradient } from '../../src/graph/weight-gradient.ts';
import { Random } from '../../src/shared/random.ts';

interface Layer {
  readonly images: number;
  readonly channels: number;
  readonly out: number;
  /** Of the input, and square. */
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly groups?: number;
}

const RANK = 8;
const ROUNDS = 9;
const random = new Random(1);

/** Undefined where the form does not exist for the layer. */
type Form = (
  layer: Layer,
  fed: (...shape: number[]) => Value,
  frozen: (...shape: number[]) => Value,
) => Value | undefined;

/** Depthwise convolutions get no adapter. */
const ofAdapter =
  (form: Form): Form =>
  (layer, ...sources) =>
    layer.groups === undefined ? form(layer, ...sources) : undefined;

const geometry = ({ kernel, stride, groups = 1 }: Layer) => {
  const amount = Math.floor((kernel - 1) / 2);
  return { strides: [stride, stride], pads: [amount, amount, amount, amount], dilations: [1, 1], groups };
};
const taps = (layer: Layer) => ({ ...geometry(layer), kernel: [layer.kernel, layer.kernel] as const });
const outputSize = ({ size, kernel, stride }: Layer): number =>
  Math.floor((size + 2 * Math.floor((kernel - 1) / 2) - kernel) / stride) + 1;
const images = ({ images, channels, size }: Layer): [number, number, number, number] => [images, channels, size, size];
const results = (layer: Layer, channels: number): [number, number, number, number] => {
  const size = outputSize(layer);
  return [layer.images, channels, size, size];
};
const kernel = (out: number, inputs: number, { kernel, groups = 1 }: Layer): [number, number, number, number] => [
  out,
  inputs / groups,
  kernel,
  kernel,
];

const FORMS: Readonly<Record<string, Form>> = {
  'forward, frozen': (layer, fed, frozen) =>
    conv(fed(...images(layer)), frozen(...kernel(layer.out, layer.channels, layer)), undefined, geometry(layer)),
  'forward, merged': (layer, fed) =>
    conv(fed(...images(layer)), fed(...kernel(layer.out, layer.channels, layer)), undefined, geometry(layer)),
  'dx, chosen': (layer, fed, frozen) => {
    const weight = frozen(...kernel(layer.out, layer.channels, layer));
    return convInputGradient(fed(...results(layer, layer.out)), weight, fed(...images(layer)), geometry(layer));
  },
  'dx, ConvTranspose': (layer, fed, frozen) => {
    const { size, kernel: k, stride } = layer;
    const rest = size - ((outputSize(layer) - 1) * stride + k - 2 * Math.floor((k - 1) / 2));
    const weight = frozen(...kernel(layer.out, layer.channels, layer));
    return convTranspose(fed(...results(layer, layer.out)), weight, {
      ...geometry(layer),
      outputPadding: [rest, rest],
    });
  },
  'dx, zeros between and Conv': (layer, fed, frozen) => {
    const { size, kernel: k, stride, groups = 1 } = layer;
    const spread = dilate(dilate(fed(...results(layer, layer.out)), 2, stride), 3, stride);
    const before = k - 1 - Math.floor((k - 1) / 2);
    const after = size + k - 1 - before - (spread.shape[2] as number);
    const turned = flip(flip(frozen(...kernel(layer.channels, layer.out, layer)), 2), 3);
    const pads = [before, before, after, after];
    return conv(spread, turned, undefined, { strides: [1, 1], pads, dilations: [1, 1], groups });
  },
  'dx, W′ turned at each step': (layer, fed) => {
    if (layer.stride !== 1 || layer.groups !== undefined) return undefined;
    const turned = flip(flip(fed(...kernel(layer.channels, layer.out, layer)), 2), 3);
    return conv(fed(...results(layer, layer.out)), turned, undefined, geometry(layer));
  },
  'z, chosen': ofAdapter((layer, fed) =>
    narrowConv(fed(...images(layer)), fed(...kernel(RANK, layer.channels, layer)), geometry(layer)),
  ),
  'z, Conv': ofAdapter((layer, fed) =>
    conv(fed(...images(layer)), fed(...kernel(RANK, layer.channels, layer)), undefined, geometry(layer)),
  ),
  'dx through A': ofAdapter((layer, fed) => {
    const a = fed(...kernel(RANK, layer.channels, layer));
    return convInputGradient(fed(...results(layer, RANK)), a, fed(...images(layer)), geometry(layer));
  }),
  'dA, unrolled': ofAdapter((layer, fed) =>
    unrolledWeightGradient(fed(...images(layer)), fed(...results(layer, RANK)), taps(layer)),
  ),
  'dA, slid': ofAdapter((layer, fed) =>
    slidWeightGradient(fed(...images(layer)), fed(...results(layer, RANK)), taps(layer)),
  ),
  'dA, x unrolled': ofAdapter((layer, fed) => {
    const { channels, kernel: k, stride } = layer;
    const [length, before] = [outputSize(layer), Math.floor((k - 1) / 2)];
    const framed = pad(fed(...images(layer)), [0, 0, before, before], [0, 0, before, before]);
    const taps = Array.from({ length: k * k }, (_, tap) => {
      const [i, j] = [Math.floor(tap / k), tap % k];
      const rows = slice(framed, 2, i, i + (length - 1) * stride + 1, stride);
      const seen = slice(rows, 3, j, j + (length - 1) * stride + 1, stride);
      return reshape(seen, [layer.images, channels, length * length]);
    });
    const dz = reshape(fed(...results(layer, RANK)), [layer.images, RANK, length * length]);
    return reduceSum(matmul(concat(taps, 1), dz, { transB: true }), { axes: [0] });
  }),
  'dW of full training, unrolled': (layer, fed) =>
    unrolledWeightGradient(fed(...images(layer)), fed(...results(layer, layer.out)), taps(layer)),
  'dW of full training, slid': (layer, fed) =>
    slidWeightGradient(fed(...images(layer)), fed(...results(layer, layer.out)), taps(layer)),
};

const LAYERS: readonly Layer[] = [
  { images: 8, channels: 64, out: 64, size: 56, kernel: 3, stride: 1 },
  { images: 8, channels: 128, out: 128, size: 28, kernel: 3, stride: 1 },
  { images: 8, channels: 256, out: 256, size: 14, kernel: 3, stride: 1 },
  { images: 8, channels: 512, out: 512, size: 7, kernel: 3, stride: 1 },
  { images: 8, channels: 64, out: 128, size: 56, kernel: 3, stride: 2 },
  { images: 8, channels: 256, out: 512, size: 14, kernel: 3, stride: 2 },
  { images: 8, channels: 64, out: 128, size: 56, kernel: 1, stride: 2 },
  { images: 8, channels: 64, out: 256, size: 56, kernel: 1, stride: 1 },
  { images: 8, channels: 512, out: 128, size: 28, kernel: 1, stride: 1 },
  { images: 8, channels: 3, out: 64, size: 224, kernel: 7, stride: 2 },
  { images: 8, channels: 96, out: 96, size: 56, kernel: 3, stride: 1, groups: 96 },
  { images: 8, channels: 96, out: 96, size: 112, kernel: 3, stride: 2, groups: 96 },
];

const rows: string[][] = [];
for (const layer of LAYERS) rows.push([name(layer), ...(await measure(layer))]);
const columns = ['N×in×H×W → out, kernel', ...Object.keys(FORMS)];
for (const row of [columns, columns.map(() => '--'), ...rows]) process.stdout.write(`| ${row.join(' | ')} |\n`);

function name({ images, channels, out, size, kernel, stride, groups = 1 }: Layer): string {
  const what = `${kernel}×${kernel}${stride === 1 ? '' : ` / ${stride}`}${groups === 1 ? '' : ' depthwise'}`;
  return `${images}×${channels}×${size}×${size} → ${out}, ${what}`;
}

async function measure(layer: Layer): Promise<string[]> {
  const programs = await Promise.all(Object.values(FORMS).map((form) => compile(layer, form)));
  const times = programs.map((): number[] => []);
  // The first round warms up.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, run] of programs.entries()) {
      const before = process.cpuUsage();
      await run?.();
      const { user, system } = process.cpuUsage(before);
      if (round > 0) times[index]!.push((user + system) / 1000);
    }
  }
  return times.map((each, index) =>
    programs[index] === undefined ? '–' : each.toSorted((a, b) => a - b)[Math.floor(each.length / 2)]!.toFixed(1),
  );
}

async function compile(layer: Layer, form: Form): Promise<(() => Promise<unknown>) | undefined> {
  const graph = createGraph();
  const feeds: Record<string, Tensor> = {};
  const drawn = (shape: readonly number[]): Tensor<'float32'> => ({
    dtype: 'float32',
    shape,
    data: Float32Array.from({ length: sizeOf(shape) }, () => random.uniform(-1, 1)),
  });
  const fed = (...shape: number[]): Value => {
    const value = graph.input(`x${graph.inputs.length}`, shape);
    feeds[`x${graph.inputs.length - 1}`] = drawn(shape);
    return value;
  };
  const y = form(layer, fed, (...shape) => graph.constant(drawn(shape)));
  if (y === undefined) return undefined;
  graph.output('y', reduceMax(y, { axes: [...y.shape.keys()] }));
  const program = await onnxRuntimeCpu.compile(graph, { threads: 1 });
  return () => program.run(feeds);
}
