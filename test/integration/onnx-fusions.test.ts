/** What exporters take apart and the importer puts together: the operators that remain, and that they compute the same. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { NodeProto } from '../../src/formats/onnx-proto.ts';
import { sizeOf } from '../../src/graph/tensor.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { openOnnx } from '../../src/models/onnx/open.ts';
import { head, ints, node, normal, onnxModel, real } from '../unit/models/onnx-build.ts';
import { differenceFromFile, images } from './onnx-reference.ts';

interface Case {
  readonly nodes: readonly NodeProto[];
  /** What is left between the pixels and the head. */
  readonly ops: readonly string[];
  readonly shape?: readonly number[];
}

const n = node;
const IMAGE = [3, 4, 4];

const CONSTANTS: Readonly<Record<string, Tensor>> = {
  half: real(0.5),
  one: real(1),
  two: real(2),
  three: real(3),
  six: real(6),
  sixth: real(1 / 6),
  root: real(Math.SQRT2),
  inverseRoot: real(Math.SQRT1_2),
  notRoot: real(1.41),
  cubic: real(0.044715),
  slope: real(Math.sqrt(2 / Math.PI)),
  quick: real(1.702),
  epsilon: real(1e-3),
  zero: real(0),
  'norm.weight': normal([4]),
  'norm.bias': normal([4], 2),
  lead: ints(-1, 4, 4),
  back: ints(-1, 3, 4, 4),
};

const erf = [n('Div', ['x', 'root'], 'd'), n('Erf', ['d'], 'e'), n('Add', ['e', 'one'], 'sum')];
const tanh = (cube: readonly NodeProto[]) => [
  ...cube,
  n('Mul', ['cubed', 'cubic'], 'c'),
  n('Add', ['x', 'c'], 'inner'),
  n('Mul', ['inner', 'slope'], 'scaled'),
  n('Tanh', ['scaled'], 't'),
  n('Add', ['t', 'one'], 'sum'),
  n('Mul', ['x', 'sum'], 'p'),
  n('Mul', ['p', 'half'], 'y'),
];
const six = [n('Add', ['x', 'three'], 'shifted'), n('Clip', ['shifted', 'zero', 'six'], 'c')];
const normalised = [
  n('ReduceMean', ['x'], 'mean', { axes: [-1] }),
  n('Sub', ['x', 'mean'], 'd'),
  n('Pow', ['d', 'two'], 'square'),
  n('ReduceMean', ['square'], 'variance', { axes: [3] }),
  n('Add', ['variance', 'epsilon'], 'v'),
  n('Sqrt', ['v'], 's'),
];

const CASES: Readonly<Record<string, Case>> = {
  'GELU, halved last': { nodes: [...erf, n('Mul', ['x', 'sum'], 'p'), n('Mul', ['p', 'half'], 'y')], ops: ['Gelu'] },
  'GELU, halved first': { nodes: [...erf, n('Mul', ['x', 'half'], 'p'), n('Mul', ['p', 'sum'], 'y')], ops: ['Gelu'] },
  'GELU, halved inside': {
    nodes: [
      n('Mul', ['inverseRoot', 'x'], 'd'),
      n('Erf', ['d'], 'e'),
      n('Add', ['one', 'e'], 'sum'),
      n('Mul', ['half', 'sum'], 'p'),
      n('Mul', ['x', 'p'], 'y'),
    ],
    ops: ['Gelu'],
  },
  'no GELU, by a hair': {
    nodes: [
      n('Div', ['x', 'notRoot'], 'd'),
      ...erf.slice(1),
      n('Mul', ['x', 'sum'], 'p'),
      n('Mul', ['p', 'half'], 'y'),
    ],
    ops: ['Div', 'Erf', 'Add', 'Mul', 'Mul'],
  },
  'GELU by tanh, with Pow': { nodes: tanh([n('Pow', ['x', 'three'], 'cubed')]), ops: ['GeluTanh'] },
  'GELU by tanh, with products': {
    nodes: tanh([n('Mul', ['x', 'x'], 'squared'), n('Mul', ['squared', 'x'], 'cubed')]),
    ops: ['GeluTanh'],
  },
  SiLU: { nodes: [n('Sigmoid', ['x'], 's'), n('Mul', ['s', 'x'], 'y')], ops: ['Silu'] },
  QuickGELU: {
    nodes: [n('Mul', ['x', 'quick'], 'q'), n('Sigmoid', ['q'], 's'), n('Mul', ['x', 's'], 'y')],
    ops: ['QuickGelu'],
  },
  'Hardswish by HardSigmoid': {
    nodes: [n('HardSigmoid', ['x'], 's', { alpha: { float: 1 / 6 } }), n('Mul', ['x', 's'], 'y')],
    ops: ['HardSwish'],
  },
  'Hardswish by Clip': { nodes: [...six, n('Mul', ['x', 'c'], 'p'), n('Div', ['p', 'six'], 'y')], ops: ['HardSwish'] },
  'Hardswish, divided first': {
    nodes: [...six, n('Div', ['c', 'six'], 's'), n('Mul', ['x', 's'], 'y')],
    ops: ['HardSwish'],
  },
  'Hardsigmoid by Clip': { nodes: [...six, n('Mul', ['c', 'sixth'], 'y')], ops: ['HardSigmoid'] },
  'a sigmoid of something else': {
    nodes: [n('Neg', ['x'], 'm'), n('Sigmoid', ['m'], 's'), n('Mul', ['s', 'x'], 'y')],
    ops: ['Neg', 'Sigmoid', 'Mul'],
  },
  'LayerNorm, whole': {
    nodes: [
      ...normalised,
      n('Div', ['d', 's'], 'normal'),
      n('Mul', ['normal', 'norm.weight'], 'w'),
      n('Add', ['w', 'norm.bias'], 'y'),
    ],
    ops: ['LayerNormalization'],
  },
  'LayerNorm without offset': {
    nodes: [...normalised, n('Div', ['d', 's'], 'normal'), n('Mul', ['norm.weight', 'normal'], 'y')],
    ops: ['LayerNormalization'],
  },
  'no LayerNorm over channels': {
    nodes: [
      n('ReduceMean', ['x'], 'mean', { axes: [1] }),
      n('Sub', ['x', 'mean'], 'd'),
      n('Pow', ['d', 'two'], 'square'),
      n('ReduceMean', ['square'], 'variance', { axes: [1] }),
      n('Add', ['variance', 'epsilon'], 'v'),
      n('Sqrt', ['v'], 's'),
      n('Div', ['d', 's'], 'y'),
    ],
    ops: ['ReduceMean', 'Sub', 'Mul', 'ReduceMean', 'Add', 'Sqrt', 'Div'],
  },
  'scaled scores of turned keys': {
    nodes: [
      n('Mul', ['x', 'half'], 'q'),
      n('Transpose', ['x'], 'k', { perm: [0, 1, 3, 2] }),
      n('Mul', ['k', 'half'], 'scaled'),
      n('MatMul', ['q', 'scaled'], 'scores'),
      n('Div', ['scores', 'three'], 'y'),
    ],
    ops: ['MatMul'],
  },
  'keys turned head by head': {
    nodes: [
      n('Reshape', ['x', 'lead'], 'flat'),
      n('Transpose', ['flat'], 't', { perm: [0, 2, 1] }),
      n('Reshape', ['t', 'back'], 'k'),
      n('MatMul', ['x', 'k'], 'y'),
    ],
    ops: ['MatMul'],
  },
  'there and back again': {
    nodes: [
      n('Transpose', ['x'], 't', { perm: [0, 2, 3, 1] }),
      n('Transpose', ['t'], 'u', { perm: [0, 3, 1, 2] }),
      n('Reshape', ['u', 'lead'], 'v'),
      n('Reshape', ['v', 'back'], 'w'),
      n('Relu', ['w'], 'y'),
    ],
    ops: ['Relu'],
  },
  'a part that others read stays': {
    nodes: [n('Sigmoid', ['x'], 's'), n('Mul', ['s', 'x'], 'p'), n('Add', ['p', 's'], 'y')],
    ops: ['Sigmoid', 'Silu', 'Add'],
  },
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lowrank-onnx-fusions-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

it.each(Object.entries(CASES))('%s', async (_, { nodes, ops, shape = IMAGE }) => {
  const classifier = head(sizeOf(shape));
  const constants = { ...CONSTANTS, ...classifier.constants };
  const file = join(folder, 'model.onnx');
  writeFileSync(file, onnxModel({ nodes: [...nodes, ...classifier.nodes], constants }));
  const base = await openOnnx(file);
  expect(base.graph.nodes.map(({ op }) => op)).toEqual([...ops, 'Reshape', 'Linear']);
  // Other formulas of the same functions, in float32.
  expect(await differenceFromFile(base, file, images(3, base))).toBeLessThan(1e-5);
});
