/** Every ONNX operator that is translated, in the forms it takes between opset 11 and 22: our graph against ONNX Runtime running the model. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeProto } from '../../src/formats/onnx-proto.ts';
import { sizeOf } from '../../src/graph/tensor.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { openOnnx } from '../../src/models/onnx/open.ts';
import { TRANSLATORS } from '../../src/models/onnx/translate/index.ts';
import { head, ints, node, normal, onnxModel, positive, real, scalar } from '../unit/models/onnx-build.ts';
import { differenceFromFile, images } from './onnx-reference.ts';

interface Case {
  /** From `x` [B, 3, 4, 4] to `y`. */
  readonly nodes: readonly NodeProto[];
  /** Of `y` for one image. */
  readonly shape: readonly number[];
  readonly constants?: Readonly<Record<string, Tensor>>;
  readonly opset?: number;
}

const IMAGE = [3, 4, 4];
const n = node;

/** One operator on x. */
function unary(op: string, attributes: Parameters<typeof node>[3] = {}, opset = 17): Case {
  return { nodes: [n(op, ['x'], 'y', attributes)], shape: IMAGE, opset };
}

/** One operator on x and constants. */
function on(
  op: string,
  constants: Record<string, Tensor>,
  options: { attributes?: Parameters<typeof node>[3]; shape?: readonly number[]; opset?: number } = {},
): Case {
  const { attributes = {}, shape = IMAGE, opset = 17 } = options;
  return { nodes: [n(op, ['x', ...Object.keys(constants)], 'y', attributes)], shape, constants, opset };
}

/** Shape arithmetic: `nodes` make `result`, a vector of sizes that x is reshaped to. */
function shapes(nodes: readonly NodeProto[], constants: Record<string, Tensor>, opset = 17): Case {
  return { nodes: [...nodes, n('Reshape', ['x', 'result'], 'y')], shape: [48], constants, opset };
}

/** A known number that ends up as an offset of x. */
function offset(nodes: readonly NodeProto[], constants: Record<string, Tensor> = {}, opset = 17): Case {
  return { nodes: [...nodes, n('Add', ['x', 'result'], 'y')], shape: IMAGE, constants, opset };
}

const flag = (...values: number[]): Tensor => ({
  dtype: 'bool',
  shape: [values.length],
  data: Uint8Array.from(values),
});

const CASES: Readonly<Record<string, Case>> = {
  Abs: unary('Abs'),
  'Add a constant': on('Add', { c: normal([3, 1, 1]) }),
  'Add itself': { nodes: [n('Add', ['x', 'x'], 'y')], shape: IMAGE },
  'And, Or, Not': {
    nodes: [
      n('Greater', ['x', 'zero'], 'a'),
      n('Less', ['x', 'one'], 'b'),
      n('And', ['a', 'b'], 'both'),
      n('Or', ['a', 'both'], 'either'),
      n('Not', ['either'], 'neither'),
      n('Where', ['neither', 'x', 'one'], 'y'),
    ],
    constants: { zero: real(0), one: real(1) },
    shape: IMAGE,
  },
  AveragePool: { ...unary('AveragePool', { kernel_shape: [2, 2], strides: [2, 2] }), shape: [3, 2, 2] },
  'AveragePool with padding': {
    ...unary('AveragePool', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1 }),
    shape: [3, 2, 2],
  },
  BatchNormalization: on('BatchNormalization', {
    scale: normal([3]),
    bias: normal([3], 2),
    mean: normal([3], 3),
    variance: positive([3]),
  }),
  Cast: {
    nodes: [
      n('Greater', ['x', 'zero'], 'above'),
      n('Cast', ['above'], 'mask', { to: 1 }),
      n('Mul', ['x', 'mask'], 'y'),
    ],
    constants: { zero: real(0) },
    shape: IMAGE,
  },
  'Cast of sizes': shapes(
    [
      n('Shape', ['x'], 'shape'),
      n('Cast', ['shape'], 'floats', { to: 1 }),
      n('Div', ['floats', 'one'], 'same'),
      n('Floor', ['same'], 'whole'),
      n('Cast', ['whole'], 'result', { to: 7 }),
    ],
    { one: real(1) },
  ),
  CastLike: offset([n('CastLike', ['whole', 'x'], 'result')], { whole: scalar(3) }),
  Ceil: unary('Ceil'),
  Clip: on('Clip', { low: real(-0.5), high: real(0.5) }),
  'Clip above': { nodes: [n('Clip', ['x', '', 'high'], 'y')], constants: { high: real(0.5) }, shape: IMAGE },
  'Clip of sizes': shapes([n('Shape', ['x'], 'shape'), n('Clip', ['shape', 'one'], 'result')], { one: scalar(1) }),
  'Concat along channels': { nodes: [n('Concat', ['x', 'x'], 'y', { axis: 1 })], shape: [6, 4, 4] },
  Constant: offset([n('Constant', [], 'result', { value: normal([4]) })]),
  'Constant of numbers': offset([n('Constant', [], 'result', { value_float: { float: 0.25 } })]),
  'Constant of whole numbers': {
    nodes: [n('Constant', [], 'to', { value_ints: [0, -1] }), n('Reshape', ['x', 'to'], 'y')],
    shape: [48],
  },
  'ConstantOfShape for each image': offset([
    n('Shape', ['x'], 'shape'),
    n('ConstantOfShape', ['shape'], 'result', { value: { ...real(0.5), shape: [1] } }),
  ]),
  'Conv with groups': {
    ...on(
      'Conv',
      { 'c.weight': normal([6, 1, 3, 3]), 'c.bias': normal([6], 2) },
      {
        attributes: { group: 3, pads: [1, 1, 1, 1], kernel_shape: [3, 3] },
      },
    ),
    shape: [6, 4, 4],
  },
  'Conv, SAME_UPPER': on(
    'Conv',
    { 'c.weight': normal([2, 3, 3, 2]) },
    {
      attributes: { auto_pad: 'SAME_UPPER', strides: [2, 2] },
      shape: [2, 2, 2],
    },
  ),
  'Conv, SAME_LOWER': on(
    'Conv',
    { 'c.weight': normal([2, 3, 2, 3]) },
    {
      attributes: { auto_pad: 'SAME_LOWER' },
      shape: [2, 4, 4],
    },
  ),
  'Conv, VALID, dilated': on(
    'Conv',
    { 'c.weight': normal([2, 3, 2, 2]) },
    {
      attributes: { auto_pad: 'VALID', dilations: [2, 3] },
      shape: [2, 2, 1],
    },
  ),
  'Div by a constant': on('Div', { c: positive([4]) }),
  Dropout: { nodes: [n('Dropout', ['x'], 'y')], shape: IMAGE },
  Elu: unary('Elu', { alpha: { float: 0.5 } }),
  'Equal and Where on sizes': shapes(
    [
      n('Shape', ['x'], 'shape'),
      n('Slice', ['shape', 'zero', 'one'], 'batch'),
      n('Concat', ['batch', 'minus'], 'wanted', { axis: 0 }),
      n('Equal', ['wanted', 'minus'], 'open'),
      n('Where', ['open', 'rest', 'wanted'], 'result'),
    ],
    { minus: ints(-1), zero: ints(0), one: ints(1), rest: ints(48) },
  ),
  Erf: unary('Erf'),
  Exp: unary('Exp'),
  'Expand a constant to each image': {
    nodes: [
      n('Shape', ['x'], 'shape'),
      n('Slice', ['shape', 'zero', 'one'], 'batch'),
      n('Concat', ['batch', 'tail'], 'wanted', { axis: 0 }),
      n('Expand', ['token', 'wanted'], 'tokens'),
      n('Concat', ['tokens', 'x'], 'y', { axis: 1 }),
    ],
    constants: { zero: ints(0), one: ints(1), tail: ints(1, 1, 1), token: normal([1, 1, 4, 4]) },
    shape: [4, 4, 4],
  },
  'Expand x': {
    nodes: [n('ReduceMean', ['x'], 'mean', { axes: [2, 3] }), n('Expand', ['mean', 'to'], 'y')],
    constants: { to: ints(1, 1, 2, 5) },
    shape: [3, 2, 5],
  },
  Flatten: {
    nodes: [n('Flatten', ['x'], 'flat'), n('Mul', ['flat', 'c'], 'y')],
    constants: { c: normal([48]) },
    shape: [48],
  },
  Floor: unary('Floor'),
  'Gather one': on('Gather', { i: scalar(-2) }, { attributes: { axis: 2 }, shape: [3, 4] }),
  'Gather neighbours': on('Gather', { i: ints(1, 2) }, { attributes: { axis: 3 }, shape: [3, 4, 2] }),
  'Gather anywhere': on('Gather', { i: ints(3, 0, 0) }, { attributes: { axis: 2 }, shape: [3, 3, 4] }),
  GatherElements: {
    nodes: [
      n('Shape', ['x'], 'shape'),
      n('Slice', ['shape', 'zero', 'one'], 'batch'),
      n('Concat', ['batch', 'tail'], 'wanted', { axis: 0 }),
      n('Expand', ['i', 'wanted'], 'indices'),
      n('GatherElements', ['x', 'indices'], 'y', { axis: 3 }),
    ],
    constants: { zero: ints(0), one: ints(1), tail: ints(3, 4, 2), i: ints(2, 0) },
    shape: [3, 4, 2],
  },
  Gelu: unary('Gelu', {}, 20),
  'Gelu by tanh': unary('Gelu', { approximate: 'tanh' }, 20),
  'Gemm, not transposed': {
    nodes: [n('Flatten', ['x'], 'flat'), n('Gemm', ['flat', 'w', 'b'], 'y')],
    constants: { w: normal([48, 5]), b: normal([5], 2) },
    shape: [5],
  },
  'Gemm with factors': {
    nodes: [
      n('Flatten', ['x'], 'flat'),
      n('Gemm', ['flat', 'w', 'b'], 'y', { alpha: { float: 0.5 }, beta: { float: 2 }, transB: 1 }),
    ],
    constants: { w: normal([5, 48]), b: normal([1, 5], 2) },
    shape: [5],
  },
  'Gemm with a number': {
    nodes: [n('Flatten', ['x'], 'flat'), n('Gemm', ['flat', 'w', 'b'], 'y', { transB: 1 })],
    constants: { w: normal([5, 48]), b: normal([1], 2) },
    shape: [5],
  },
  GlobalAveragePool: { ...unary('GlobalAveragePool'), shape: [3, 1, 1] },
  GlobalMaxPool: { ...unary('GlobalMaxPool'), shape: [3, 1, 1] },
  'GroupNormalization, a number a group': {
    nodes: [
      n('Concat', ['x', 'x'], 'six', { axis: 1 }),
      n('GroupNormalization', ['six', 'scale', 'bias'], 'y', { num_groups: 2 }),
    ],
    constants: { scale: normal([2]), bias: normal([2], 2) },
    shape: [6, 4, 4],
    opset: 18,
  },
  'GroupNormalization, a number a channel': on(
    'GroupNormalization',
    { scale: normal([3]), bias: normal([3], 2) },
    { attributes: { num_groups: 1 }, opset: 21 },
  ),
  'GreaterOrEqual, LessOrEqual, Equal': {
    nodes: [
      n('GreaterOrEqual', ['x', 'one'], 'a'),
      n('LessOrEqual', ['x', 'zero'], 'b'),
      n('Equal', ['a', 'b'], 'c'),
      n('Where', ['c', 'x', 'one'], 'y'),
    ],
    constants: { zero: real(0), one: real(0.5) },
    shape: IMAGE,
  },
  HardSigmoid: unary('HardSigmoid', { alpha: { float: 0.3 }, beta: { float: 0.4 } }),
  HardSwish: unary('HardSwish'),
  Identity: offset([n('Identity', ['c'], 'result')], { c: normal([4]) }),
  InstanceNormalization: on('InstanceNormalization', { scale: normal([3]), bias: normal([3], 2) }),
  'IsNaN after a Softmax': {
    nodes: [n('Softmax', ['x'], 'p'), n('IsNaN', ['p'], 'nan'), n('Where', ['nan', 'zero', 'p'], 'y')],
    constants: { zero: real(0) },
    shape: IMAGE,
  },
  LayerNormalization: on('LayerNormalization', { scale: normal([4]), bias: normal([4], 2) }),
  LeakyRelu: unary('LeakyRelu', { alpha: { float: 0.2 } }),
  'Log, Reciprocal, Sqrt': {
    nodes: [
      n('Exp', ['x'], 'e'),
      n('Sqrt', ['e'], 's'),
      n('Reciprocal', ['s'], 'r'),
      n('Add', ['e', 'r'], 'sum'),
      n('Log', ['sum'], 'y'),
    ],
    shape: IMAGE,
  },
  LogSoftmax: unary('LogSoftmax', { axis: 1 }),
  'MatMul and Add': {
    nodes: [n('MatMul', ['x', 'w'], 'product'), n('Add', ['b', 'product'], 'y')],
    constants: { w: normal([4, 5]), b: normal([5], 2) },
    shape: [3, 4, 5],
  },
  'MatMul of two': {
    nodes: [
      n('Transpose', ['x'], 't', { perm: [0, 1, 3, 2] }),
      n('Mul', ['x', 'c'], 'scaled'),
      n('MatMul', ['scaled', 't'], 'product'),
      n('Div', ['product', 'c'], 'y'),
    ],
    constants: { c: real(3) },
    shape: [3, 4, 4],
  },
  'Max, Min': {
    nodes: [n('Max', ['x', 'low'], 'a'), n('Min', ['a', 'high'], 'y')],
    constants: { low: normal([4]), high: real(1) },
    shape: IMAGE,
  },
  'Max, Min of sizes': shapes(
    [n('Shape', ['x'], 'shape'), n('Max', ['shape', 'one'], 'a'), n('Min', ['a', 'a'], 'result')],
    { one: ints(1) },
  ),
  MaxPool: { ...unary('MaxPool', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }), shape: [3, 2, 2] },
  'MaxPool, dilated': { ...unary('MaxPool', { kernel_shape: [2, 2], dilations: [2, 2] }), shape: [3, 2, 2] },
  Mish: unary('Mish', {}, 18),
  'Mod of sizes': shapes(
    [
      n('Shape', ['x'], 'shape'),
      n('Slice', ['shape', 'two', 'end'], 'image'),
      n('Mod', ['image', 'three'], 'remainder'),
      n('Add', ['remainder', 'offset'], 'result'),
    ],
    { two: ints(2), end: ints(2 ** 40), three: ints(3), offset: ints(-1, -2) },
  ),
  'Mul by a constant': on('Mul', { c: normal([3, 1, 1]) }),
  Neg: unary('Neg'),
  PRelu: on('PRelu', { slope: normal([3, 1, 1]) }),
  'Pad an image': on('Pad', { pads: ints(0, 0, 1, 0, 0, 0, 2, 1), value: real(0.5) }, { shape: [3, 7, 5] }),
  'Pad along axes': {
    nodes: [n('Pad', ['x', 'pads', '', 'axes'], 'y')],
    constants: { pads: ints(1, 2), axes: ints(-1) },
    shape: [3, 4, 7],
    opset: 18,
  },
  'Pow 2': on('Pow', { c: real(2) }),
  'Pow 3': on('Pow', { c: real(3) }),
  'Pow ½': {
    nodes: [n('Exp', ['x'], 'e'), n('Pow', ['e', 'half'], 'y')],
    constants: { half: real(0.5) },
    shape: IMAGE,
  },
  'Range of constants': offset([n('Range', ['a', 'b', 'c'], 'result')], { a: real(0), b: real(2), c: real(0.5) }),
  'Range over the images': {
    nodes: [
      n('Shape', ['x'], 'shape'),
      n('Gather', ['shape', 'zero'], 'batch'),
      n('Reshape', ['x', 'flatten'], 'flat'),
      n('Range', ['zero', 'batch', 'one'], 'numbers'),
      n('Mul', ['numbers', 'size'], 'starts'),
      n('Unsqueeze', ['starts', 'last'], 'column'),
      n('Add', ['column', 'within'], 'indices'),
      n('Gather', ['flat', 'indices'], 'y'),
    ],
    constants: {
      zero: scalar(0),
      one: scalar(1),
      size: scalar(48),
      flatten: ints(-1),
      last: ints(1),
      within: { ...ints(5, 47, 0, 0), shape: [1, 4] },
    },
    shape: [4],
  },
  ReduceL2: { ...unary('ReduceL2', { axes: [1], keepdims: 0 }), shape: [4, 4] },
  ReduceMax: { ...unary('ReduceMax', { axes: [2, 3] }), shape: [3, 1, 1] },
  'ReduceMean, axes an attribute': { ...unary('ReduceMean', { axes: [-1], keepdims: 0 }), shape: [3, 4] },
  'ReduceMean, axes an input': on('ReduceMean', { axes: ints(2, 3) }, { shape: [3, 1, 1], opset: 18 }),
  ReduceMin: { ...unary('ReduceMin', { axes: [1] }), shape: [1, 4, 4] },
  'ReduceProd of sizes': shapes(
    [
      n('Shape', ['x'], 'shape'),
      n('Slice', ['shape', 'one', 'end'], 'image'),
      n('ReduceProd', ['image'], 'size', { axes: [0] }),
      n('Concat', ['minus', 'size'], 'result', { axis: 0 }),
    ],
    { one: ints(1), end: ints(4), minus: ints(-1) },
  ),
  ReduceSum: on('ReduceSum', { axes: ints(1, -1) }, { attributes: { keepdims: 0 }, shape: [4] }),
  ReduceSumSquare: { ...unary('ReduceSumSquare', { axes: [3] }), shape: [3, 4, 1] },
  Relu: unary('Relu'),
  'Reshape, 0 and −1': on('Reshape', { to: ints(0, 2, -1) }, { shape: [2, 24] }),
  'Resize, nearest': {
    nodes: [
      n('Resize', ['x', '', 'scales'], 'y', {
        mode: 'nearest',
        coordinate_transformation_mode: 'asymmetric',
        nearest_mode: 'floor',
      }),
    ],
    constants: { scales: { ...normal([4]), data: Float32Array.of(1, 1, 2, 1.5) } },
    shape: [3, 8, 6],
  },
  'Resize, linear, to sizes': {
    nodes: [
      n('Shape', ['x'], 'shape'),
      n('Slice', ['shape', 'zero', 'two'], 'lead'),
      n('Concat', ['lead', 'size'], 'sizes', { axis: 0 }),
      n('Resize', ['x', '', '', 'sizes'], 'y', { mode: 'linear' }),
    ],
    constants: { zero: ints(0), two: ints(2), size: ints(7, 3) },
    shape: [3, 7, 3],
  },
  Round: unary('Round'),
  'ScatterND on constants': offset([n('ScatterND', ['data', 'at', 'updates'], 'result')], {
    data: normal([4, 4]),
    at: { ...ints(2, 0), shape: [2, 1] },
    updates: normal([2, 4], 5),
  }),
  Sigmoid: unary('Sigmoid'),
  Sign: unary('Sign'),
  Size: {
    nodes: [
      n('Shape', ['x'], 'shape'),
      n('Slice', ['shape', 'zero', 'one'], 'batch'),
      n('Size', ['x'], 'size'),
      n('Div', ['size', 'batch'], 'each'),
      n('Concat', ['batch', 'each'], 'to', { axis: 0 }),
      n('Reshape', ['x', 'to'], 'y'),
    ],
    constants: { zero: ints(0), one: ints(1) },
    shape: [48],
  },
  'Slice, forwards and backwards': on(
    'Slice',
    { starts: ints(1, 3), ends: ints(100, -100), axes: ints(2, -1), steps: ints(2, -2) },
    { shape: [3, 2, 2] },
  ),
  'Slice of the batch, whole': on('Slice', { starts: ints(0), ends: ints(2 ** 52), axes: ints(0) }),
  'Softmax over the last axis': unary('Softmax'),
  'Softmax over channels': unary('Softmax', { axis: 1 }),
  'Softmax before opset 13': unary('Softmax', { axis: 2 }, 11),
  Softplus: unary('Softplus'),
  Softsign: unary('Softsign'),
  'Split by an attribute': {
    nodes: [n('Split', ['x'], ['a', 'b'], { axis: 1, split: [1, 2] }), n('Mul', ['a', 'b'], 'y')],
    shape: [2, 4, 4],
    opset: 11,
  },
  'Split by an input': {
    nodes: [n('Split', ['x', 'sizes'], ['a', 'b'], { axis: -1 }), n('Concat', ['b', 'a'], 'y', { axis: 3 })],
    constants: { sizes: ints(3, 1) },
    shape: IMAGE,
  },
  'Split into parts': {
    nodes: [n('Split', ['x'], ['a', 'b'], { axis: 1, num_outputs: 2 }), n('Add', ['a', 'b'], 'y')],
    shape: [2, 4, 4],
    opset: 18,
  },
  'Split of sizes': shapes(
    [
      n('Shape', ['x'], 'shape'),
      n('Split', ['shape', 'sizes'], ['batch', 'rest'], { axis: 0 }),
      n('Concat', ['batch', 'minus'], 'result', { axis: 0 }),
    ],
    { sizes: ints(1, 3), minus: ints(-1) },
  ),
  'Squeeze, Unsqueeze by attributes': {
    nodes: [
      n('ReduceMean', ['x'], 'mean', { axes: [2] }),
      n('Squeeze', ['mean'], 'flat', { axes: [2] }),
      n('Unsqueeze', ['flat'], 'y', { axes: [1, -1] }),
    ],
    shape: [1, 3, 4, 1],
    opset: 11,
  },
  'Squeeze, Unsqueeze by inputs': {
    nodes: [
      n('ReduceMean', ['x'], 'mean', { axes: [2, 3] }),
      n('Squeeze', ['mean', 'two'], 'flat'),
      n('Unsqueeze', ['flat', 'one'], 'y'),
    ],
    constants: { two: ints(2, 3), one: ints(1) },
    shape: [1, 3],
  },
  'Sub a constant': on('Sub', { c: normal([4]) }),
  'Sub from a constant': { nodes: [n('Sub', ['c', 'x'], 'y')], constants: { c: normal([4]) }, shape: IMAGE },
  Tanh: unary('Tanh'),
  Tile: on('Tile', { repeats: ints(1, 2, 1, 3) }, { shape: [6, 4, 12] }),
  'Transpose, its default': {
    nodes: [n('Transpose', ['x'], 't'), n('Add', ['t', 'c'], 's'), n('Transpose', ['s'], 'y', { perm: [3, 1, 0, 2] })],
    constants: { c: normal([4, 4, 3, 1]) },
    shape: [4, 4, 3],
  },
  'Where by a constant': {
    nodes: [n('Where', ['mask', 'x', 'c'], 'y')],
    constants: { mask: flag(1, 0, 0, 1), c: normal([3, 1, 4]) },
    shape: IMAGE,
  },
  'Where by itself': {
    nodes: [n('Greater', ['x', 'c'], 'mask'), n('Where', ['mask', 'x', 'c'], 'y')],
    constants: { c: normal([4]) },
    shape: IMAGE,
  },
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lowrank-onnx-operators-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

it.each(Object.entries(CASES))('%s', async (_, { nodes, shape, constants = {}, opset = 17 }) => {
  const classifier = head(sizeOf(shape));
  const file = join(folder, 'model.onnx');
  writeFileSync(
    file,
    onnxModel({ nodes: [...nodes, ...classifier.nodes], constants: { ...constants, ...classifier.constants }, opset }),
  );
  const base = await openOnnx(file);
  // Both run in ONNX Runtime: what differs is the order of a few float32 sums.
  for (const count of [1, 3]) expect(await differenceFromFile(base, file, images(count, base))).toBeLessThan(1e-5);
});

it('has a case for every operator', () => {
  const used = Object.values(CASES).flatMap(({ nodes }) => nodes.map(({ opType }) => opType));
  expect([...TRANSLATORS.keys()].filter((op) => !used.includes(op))).toEqual([]);
});
