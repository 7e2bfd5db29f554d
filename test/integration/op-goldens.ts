/** Single ops in ONNX's words (test/fixtures/models/ops.json, by test/parity/make_ops.py) as graphs of ours. */
import * as build from '../../src/graph/build.ts';
import type { Value } from '../../src/graph/ir.ts';

export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly dtype?: 'int64' | 'bool';
  readonly data: readonly number[];
}

/** Outputs and gradients were computed by PyTorch in float64. */
export interface Golden {
  readonly name: string;
  readonly op: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly inputs: readonly (GoldenTensor | null)[];
  readonly outputs: readonly GoldenTensor[];
  /** The gradients that arrive at the outputs. */
  readonly weights: readonly (readonly number[])[];
  /** Of each input; null where it has none. */
  readonly gradients: readonly (readonly number[] | null)[];
}

interface Site {
  readonly x: readonly Value[];
  readonly golden: Golden;
  /** An attribute, with ONNX's default. */
  readonly get: <T>(name: string, otherwise?: T) => T;
  /** An attribute that is 0 or 1, 0 where absent. */
  readonly flag: (name: string) => boolean;
  /** The numbers that an input holds. */
  readonly numbers: (index: number) => readonly number[] | undefined;
}

type Translate = (site: Site) => Value | readonly Value[];

const same: Translate = ({ x: [first, ...rest], golden: { op } }) => first!.graph.apply(op, [first, ...rest]);

const reduce: Translate = ({ x: [x], golden: { op }, flag, numbers }) =>
  x!.graph.apply(op, [x], {
    axes: numbers(1) ?? x!.shape.map((_, axis) => axis),
    keepDims: flag('keepdims'),
  });

const pool = ({ get, flag }: Site) => ({
  kernel: get<number[]>('kernel_shape'),
  strides: get<number[]>('strides'),
  pads: get<number[]>('pads'),
  ceilMode: flag('ceil_mode'),
});

const reshaped: Translate = ({ x: [x], golden }) => build.reshape(x!, golden.outputs[0]!.shape);

const rows = (value: Value, weight: number): Value =>
  value.graph.constant({
    dtype: 'float32',
    shape: [value.shape[0] as number],
    data: new Float32Array(value.shape[0] as number).fill(weight),
  });

/** By ONNX's name; `name` of a golden goes before its op. */
export const TRANSLATE: Readonly<Record<string, Translate>> = {
  ...Object.fromEntries(
    ['HardSwish', 'Sigmoid', 'Tanh', 'Relu', 'Erf', 'Exp', 'Log', 'Sqrt', 'Reciprocal', 'Abs', 'Neg']
      .concat(['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'Where'])
      .map((op) => [op, same]),
  ),
  ...Object.fromEntries(['ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceMin', 'ReduceL2'].map((op) => [op, reduce])),
  Conv: ({ x: [x, weight, bias], get }) =>
    build.conv(x!, weight!, bias, {
      strides: get('strides'),
      pads: get('pads'),
      dilations: get('dilations'),
      groups: get('group'),
    }),
  MaxPool: (site) => build.maxPool(site.x[0]!, { ...pool(site), dilations: site.get('dilations') }),
  AveragePool: (site) =>
    build.averagePool(site.x[0]!, { ...pool(site), countIncludePad: site.flag('count_include_pad') }),
  GlobalAveragePool: ({ x: [x] }) => build.globalAveragePool(x!),
  GlobalMaxPool: ({ x: [x] }) => build.globalMaxPool(x!),
  BatchNormalization: ({ x, get }) => x[0]!.graph.apply('BatchNormalization', x, { epsilon: get('epsilon') }),
  LayerNormalization: ({ x: [x, scale, bias], get }) => build.layerNormalization(x!, scale, bias, get('epsilon')),
  GroupNormalization: ({ x: [x, scale, bias], get }) =>
    build.groupNormalization(x!, scale!, bias!, get('num_groups'), get('epsilon')),
  InstanceNormalization: ({ x: [x, scale, bias], get }) =>
    build.groupNormalization(x!, scale!, bias!, x!.shape[1] as number, get('epsilon')),
  RMSNormalization: ({ x: [x, scale], get }) => build.rmsNormalization(x!, scale!, get('epsilon')),
  Softmax: ({ x: [x], get }) => build.softmax(x!, get('axis')),
  'log softmax': ({ x: [x] }) => build.logSoftmax(x!),
  Gelu: ({ x: [x], get }) => (get('approximate') === 'tanh' ? build.geluTanh(x!) : build.gelu(x!)),
  HardSigmoid: ({ x: [x], get }) => build.hardSigmoid(x!, { alpha: get('alpha', 0.2), beta: get('beta', 0.5) }),
  LeakyRelu: ({ x: [x], get }) => build.leakyRelu(x!, get('alpha')),
  SiLU: ({ x: [x] }) => build.silu(x!),
  Clip: ({ x: [x], numbers }) => build.clip(x!, { min: numbers(1)?.[0], max: numbers(2)?.[0] }),
  Square: ({ x: [x] }) => build.mul(x!, x!),
  Transpose: ({ x: [x], get }) => build.transpose(x!, get('perm')),
  Reshape: reshaped,
  Flatten: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  Concat: ({ x, get }) => build.concat(x, get('axis')),
  Split: ({ x: [x], get, numbers }) => build.split(x!, get('axis'), numbers(1)!),
  Gather: ({ x: [x, indices], get }) => build.gather(x!, indices!, get('axis')),
  GatherElements: ({ x: [x, indices], get }) => build.gatherElements(x!, indices!, get('axis')),
  ScatterElements: ({ x: [x, indices, updates], get }) => build.scatterElements(x!, indices!, updates!, get('axis')),
  'pad with zeros, unequal': ({ x: [x], numbers }) => {
    const pads = numbers(1)!;
    return build.pad(x!, pads.slice(0, pads.length / 2), pads.slice(pads.length / 2));
  },
  Expand: ({ x: [x], golden }) => build.expand(x!, golden.outputs[0]!.shape),
  Tile: ({ x: [x], numbers }) => build.tile(x!, numbers(1)!),
  Resize: ({ x: [x], golden, get }) =>
    build.resize(x!, {
      axes: [2, 3],
      sizes: golden.outputs[0]!.shape.slice(2),
      mode: get('mode'),
      coordinates: get('coordinate_transformation_mode'),
      nearest: get('nearest_mode', 'round_prefer_floor'),
    }),
  MatMul: ({ x: [a, b] }) => build.matmul(a!, b!),
  Gemm: ({ x: [a, b, c], get, flag }) =>
    build.gemm(a!, b!, c && build.mul(c, get('beta', 1)), {
      transA: flag('transA'),
      transB: flag('transB'),
      alpha: get('alpha', 1),
    }),
  'cross entropy': ({ x: [logits, labels] }) => crossEntropy(logits!, labels!, 0),
  'cross entropy, label smoothing': ({ x: [logits, labels] }) => crossEntropy(logits!, labels!, 0.1),
  'cross entropy of large logits': ({ x: [logits, labels] }) => crossEntropy(logits!, labels!, 0),
};

/** A mean over the rows. */
function crossEntropy(logits: Value, labels: Value, smoothing: number): Value {
  const indices = build.cast(labels, 'int32');
  return build.crossEntropy(logits, indices, rows(logits, 1 / (logits.shape[0] as number)), smoothing);
}

/** Inputs of ONNX that are attributes here, without a gradient. */
export const ATTRIBUTES: Readonly<Record<string, readonly number[]>> = { Clip: [1, 2] };

/** What the graph has no op for, or says in other words. Named here, so that nothing is left out unseen. */
export const ELSEWHERE = [
  'layer norm over two axes, large epsilon',
  'log softmax of the first axis',
  'elu',
  'softplus',
  'mish',
  'prelu by channel',
  'ReduceLogSumExp, middle axis kept',
  'ReduceLogSumExp, two axes dropped',
  'reduce L1',
  'reduce prod',
  'slice with steps and negative ends',
  'slice backwards',
  'scatter nd',
  'pad that crops',
  'pad by reflection',
  'pad by the edge',
  'resize cubic, up',
  'resize cubic, down',
  'resize cubic, corners aligned',
  'matmul with a vector',
  'einsum',
  'conv transpose, stride 2, output padding',
  'attention',
  'cross entropy, class weights (the mean is over their sum)',
  'cross entropy, label smoothing and class weights',
];
