/**
 * 10 000 damaged models: in 6 000 the damage is in what the file says (operators, names, attributes, shapes, constants), in 4 000 in its bytes.
 * Whatever they hold, opening one gives a base or an `InputError` of one line, in a time that the file's size bounds.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { decodeModel, encodeModel } from '../../../src/formats/onnx-proto.ts';
import type {
  AttributeProto,
  GraphProto,
  ModelProto,
  NodeProto,
  TensorProto,
} from '../../../src/formats/onnx-proto.ts';
import { float32, int64 } from '../../../src/graph/tensor.ts';
import { onnxBase } from '../../../src/models/onnx/open.ts';
import { TRANSLATORS } from '../../../src/models/onnx/translate/index.ts';
import { InputError } from '../../../src/shared/errors.ts';
import { Random } from '../../../src/shared/random.ts';
import { mutations } from '../formats/mutations.ts';
import { head, ints, modelOf, node, normal, positive, real, scalar } from './onnx-build.ts';

const MEANINGFUL = 6000;
const BYTES = 4000;
/** A damaged model may ask for what takes long: shapes of giants, thousands of elements. A healthy one takes a millisecond. Of the processor, which others may use too. */
const MAX_MS = 2000;

const n = node;

/** Attention with its shape arithmetic spelled out, masks drawn, windows shifted. */
const attention = (): ModelProto => {
  const last = head(12);
  return modelOf({
    nodes: [
      n('Conv', ['x', 'patch.weight', 'patch.bias'], 'patches', { strides: [2, 2], kernel_shape: [2, 2] }),
      n('Shape', ['patches'], 'shape'),
      n('Slice', ['shape', 'zero', 'two'], 'lead'),
      n('Concat', ['lead', 'minus'], 'flat', { axis: 0 }),
      n('Reshape', ['patches', 'flat'], 'rows'),
      n('Transpose', ['rows'], 'tokens', { perm: [0, 2, 1] }),
      n('Gather', ['shape', 'first'], 'batch'),
      n('Unsqueeze', ['batch', 'zero'], 'b'),
      n('Concat', ['b', 'minus', 'minus'], 'wanted', { axis: 0 }),
      n('Shape', ['wanted'], 'three'),
      n('ConstantOfShape', ['three'], 'ones', { value: int64([1], [1]) }),
      n('Mul', ['ones', 'minus'], 'negative'),
      n('Equal', ['wanted', 'negative'], 'open'),
      n('Where', ['open', 'ones', 'wanted'], 'to'),
      n('Expand', ['cls_token', 'to'], 'class'),
      n('Concat', ['class', 'tokens'], 'all', { axis: 1 }),
      n('Add', ['all', 'pos_embed'], 'placed'),
      n('LayerNormalization', ['placed', 'norm.weight', 'norm.bias'], 'normal', { axis: -1 }),
      n('MatMul', ['normal', 'onnx::MatMul_1'], 'product'),
      n('Add', ['qkv.bias', 'product'], 'qkv'),
      n('Split', ['qkv', 'parts'], ['q', 'k', 'v'], { axis: -1 }),
      n('Transpose', ['k'], 'kt', { perm: [0, 2, 1] }),
      n('MatMul', ['q', 'kt'], 'scores'),
      n('ScatterND', ['mask', 'at', 'update'], 'drawn'),
      n('Add', ['scores', 'drawn'], 'masked'),
      n('Softmax', ['masked'], 'p', { axis: -1 }),
      n('IsNaN', ['p'], 'nan'),
      n('Where', ['nan', 'nothing', 'p'], 'safe'),
      n('MatMul', ['safe', 'v'], 'mixed'),
      n('Erf', ['mixed'], 'e'),
      n('Pow', ['e', 'square'], 'squared'),
      n('ReduceMean', ['squared'], 'mean', { axes: [1] }),
      n('Squeeze', ['mean', 'one'], 'flattened'),
      n('Range', ['first', 'batch', 'step'], 'images'),
      n('Mul', ['images', 'size'], 'starts'),
      n('Unsqueeze', ['starts', 'one'], 'column'),
      n('Add', ['column', 'within'], 'indices'),
      n('Reshape', ['flattened', 'minus'], 'laid'),
      n('Gather', ['laid', 'indices'], 'y'),
      ...last.nodes,
    ],
    constants: {
      ...last.constants,
      'patch.weight': normal([12, 3, 2, 2]),
      'patch.bias': normal([12]),
      cls_token: normal([1, 1, 12]),
      pos_embed: normal([1, 5, 12]),
      'norm.weight': normal([12]),
      'norm.bias': normal([12]),
      'onnx::MatMul_1': normal([12, 36]),
      'qkv.bias': normal([36]),
      mask: normal([5, 5]),
      at: { ...ints(4), shape: [1, 1] },
      update: normal([1, 5]),
      within: { ...ints(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), shape: [1, 12] },
      zero: ints(0),
      one: ints(1),
      two: ints(2),
      minus: ints(-1),
      parts: ints(12, 12, 12),
      first: scalar(0),
      step: scalar(1),
      size: scalar(12),
      square: real(2),
      nothing: real(0),
    },
  });
};

/** Convolutions of all kinds, poolings, resizing, a function. */
const convolutions = (): ModelProto => {
  const last = head(6);
  const twice = {
    name: 'Twice',
    domain: 'local',
    input: ['a'],
    output: ['b'],
    node: [n('Add', ['a', 'a'], 'b')],
    opsetImport: [{ domain: '', version: 17 }],
  };
  return modelOf({
    nodes: [
      n('Conv', ['x', 'onnx::Conv_1', 'onnx::Conv_2'], 'c1', { pads: [1, 1, 1, 1] }, '/stem/stem.0/Conv'),
      n('BatchNormalization', ['c1', 'bn.weight', 'bn.bias', 'bn.running_mean', 'bn.running_var'], 'n1'),
      n('HardSigmoid', ['n1'], 'h', { alpha: { float: 1 / 6 } }),
      n('Mul', ['n1', 'h'], 'a1'),
      n('Conv', ['a1', 'depth.weight'], 'c2', { group: 6, auto_pad: 'SAME_UPPER' }),
      n('Clip', ['c2', 'low', 'high'], 'r6'),
      n('Resize', ['r6', '', 'scales'], 'large', { mode: 'nearest' }),
      n('MaxPool', ['large'], 'small', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
      n('Pad', ['small', 'pads', 'low'], 'padded', { mode: 'constant' }),
      n('Slice', ['padded', 'one', 'end', 'axis', 'step'], 'cut'),
      { ...n('Twice', ['cut'], 'doubled'), domain: 'local' },
      n('AveragePool', ['doubled'], 'pooled', { kernel_shape: [2, 2], ceil_mode: 1 }),
      n('GlobalAveragePool', ['pooled'], 'gate'),
      n('Conv', ['gate', 'fc.weight', 'fc.bias'], 'gated'),
      n('Sigmoid', ['gated'], 'sigma'),
      n('Mul', ['pooled', 'sigma'], 'squeezed'),
      n('Tile', ['squeezed', 'repeats'], 'tiled'),
      n('GlobalMaxPool', ['tiled'], 'y'),
      ...last.nodes,
      n('Softmax', ['logits'], 'probabilities', { axis: -1 }),
    ],
    output: 'probabilities',
    functions: [twice],
    metadata: { names: "{0: 'a', 1: 'b', 2: 'c', 3: 'd'}" },
    constants: {
      ...last.constants,
      'onnx::Conv_1': normal([6, 3, 3, 3]),
      'onnx::Conv_2': normal([6]),
      'bn.weight': normal([6]),
      'bn.bias': normal([6]),
      'bn.running_mean': normal([6]),
      'bn.running_var': positive([6]),
      'depth.weight': normal([6, 1, 3, 3]),
      'fc.weight': normal([6, 6, 1, 1]),
      'fc.bias': normal([6]),
      low: real(0),
      high: real(6),
      scales: float32([4], [1, 1, 2, 2]),
      pads: ints(0, 0, 1, 1, 0, 0, 1, 1),
      one: ints(1),
      end: ints(2 ** 53),
      axis: ints(2),
      step: ints(2),
      repeats: ints(1, 1, 1, 2),
    },
  });
};

/** Numbers that stand at some edge. */
const EDGES = [0, 1, -1, 2, 3, 5, 7, -2, 64, 4096, 65536, 2 ** 31, -(2 ** 31), 2 ** 40, Number.MAX_SAFE_INTEGER];

class Damage {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  #below(limit: number): number {
    return Math.min(limit - 1, Math.floor(this.#random.uniform(0, limit)));
  }

  #one<T>(list: readonly T[]): T {
    return list[this.#below(list.length)]!;
  }

  #changed<T>(list: readonly T[], change: (element: T) => T): T[] {
    const at = this.#below(list.length);
    return list.map((element, index) => (index === at ? change(element) : element));
  }

  #number(): number {
    return this.#one(EDGES);
  }

  #numbers(): number[] {
    return Array.from({ length: this.#below(6) }, () => this.#number());
  }

  model(model: ModelProto): ModelProto {
    const graph = model.graph!;
    switch (this.#below(10)) {
      case 0:
        return { ...model, opsetImport: [{ domain: '', version: this.#one([0, 9, 11, 12, 13, 17, 18, 20, 22, 23]) }] };
      case 1:
      case 2:
        return {
          ...model,
          graph: { ...graph, initializer: this.#changed(graph.initializer!, (t) => this.#tensor(t)) },
        };
      case 3:
        return { ...model, graph: this.#ports(graph) };
      case 4:
        return { ...model, graph: { ...graph, node: this.#order(graph.node!) } };
      default:
        return { ...model, graph: { ...graph, node: this.#changed(graph.node!, (one) => this.#node(one, graph)) } };
    }
  }

  #node(given: NodeProto, graph: GraphProto): NodeProto {
    const names = [
      ...graph.node!.flatMap(({ output }) => output ?? []),
      ...graph.initializer!.map(({ name }) => name!),
    ];
    const inputs = given.input ?? [];
    switch (this.#below(7)) {
      case 0:
        return { ...given, opType: this.#one([...TRANSLATORS.keys(), 'NonZero']) };
      case 1:
      case 2:
        return {
          ...given,
          input: inputs.length === 0 ? [this.#one(names)] : this.#changed(inputs, () => this.#one([...names, ''])),
        };
      case 3:
        return { ...given, input: inputs.slice(0, this.#below(inputs.length + 1)) };
      case 4:
        return { ...given, input: [...inputs, this.#one(names)] };
      default: {
        const attributes = given.attribute ?? [];
        const added = {
          name: this.#one(['axis', 'axes', 'perm', 'pads', 'strides', 'group', 'to', 'keepdims', 'end']),
        };
        return {
          ...given,
          attribute: [...this.#changed(attributes, (one) => this.#attribute(one)), this.#attribute(added)].slice(
            this.#below(2),
          ),
        };
      }
    }
  }

  #attribute({ name }: AttributeProto): AttributeProto {
    return this.#one<AttributeProto>([
      { name, type: 2, i: this.#number() } as AttributeProto,
      { name, type: 7, ints: this.#numbers() } as AttributeProto,
      { name, type: 1, f: this.#one([0, -1, NaN, Infinity, 1e-40]) } as AttributeProto,
      { name, type: 3, s: Uint8Array.of(0xff, 0x0a) } as AttributeProto,
    ]);
  }

  #tensor(tensor: TensorProto): TensorProto {
    const raw = tensor.rawData ?? new Uint8Array();
    const dims = tensor.dims ?? [];
    switch (this.#below(4)) {
      case 0:
        return { ...tensor, dims: dims.length === 0 ? [1] : [...dims, 1].toSorted(() => this.#below(3) - 1) };
      case 1:
        return { ...tensor, dataType: this.#one([1, 2, 6, 7, 8, 9, 10, 11, 16]) };
      case 2: {
        const bytes = BigInt64Array.from({ length: Math.max(1, raw.length / 8) }, () => BigInt(this.#number()));
        return { ...tensor, dims: [bytes.length], dataType: 7, rawData: new Uint8Array(bytes.buffer) };
      }
      default:
        return { ...tensor, rawData: raw.map((byte) => (this.#below(4) === 0 ? this.#below(256) : byte)) };
    }
  }

  #ports(graph: GraphProto): GraphProto {
    const dim = Array.from({ length: 3 + this.#below(3) }, () =>
      this.#below(2) === 0 ? { dimValue: this.#number() } : { dimParam: 'N' },
    );
    if (this.#below(2) === 0) return { ...graph, output: [{ name: this.#one(graph.node!).output![0]! }] };
    const shape = this.#one([
      { dim },
      { dim: [{ dimValue: 1 }, { dimValue: 3 }, { dimValue: 4 }, { dimValue: 4 }] },
      { dim: [{ dimParam: 'B' }, { dimValue: 3 }, { dimParam: 'H' }, { dimValue: 9 }] },
    ]);
    return { ...graph, input: [{ name: 'x', type: { tensorType: { elemType: 1, shape } } }] };
  }

  #order(nodes: readonly NodeProto[]): NodeProto[] {
    const at = this.#below(nodes.length);
    const without = nodes.filter((_, index) => index !== at);
    if (this.#below(2) === 0) return without;
    return without.toSpliced(this.#below(nodes.length), 0, nodes[at]!);
  }
}

function* damagedModels(seeds: readonly ModelProto[], count = MEANINGFUL): Generator<Uint8Array> {
  for (let index = 0; index < count; index++) {
    const damage = new Damage(index);
    let model = seeds[index % seeds.length]!;
    for (let change = 0; change <= index % 3; change++) model = damage.model(model);
    yield encodeModel(model);
  }
}

function outcomes(files: Iterable<Uint8Array>): { read: number; refused: number } {
  const counts = { read: 0, refused: 0 };
  for (const bytes of files) {
    const started = process.cpuUsage();
    try {
      onnxBase(bytes, '/nowhere/m.onnx', { source: 'm.onnx' });
      counts.read++;
    } catch (error) {
      if (!(error instanceof InputError) || error.message.includes('\n')) {
        throw new Error(`escaped from ${Buffer.from(bytes).toString('base64')}`, { cause: error });
      }
      counts.refused++;
    }
    const { user, system } = process.cpuUsage(started);
    if (user + system > 1000 * MAX_MS) throw new Error(`slow: ${Buffer.from(bytes).toString('base64')}`);
  }
  return counts;
}

const plain = readFileSync(join(import.meta.dirname, '../../fixtures/onnx/mobilenet-dynamo-plain.onnx'));

it('the seeds are healthy', () => {
  const seeds = [attention(), convolutions()].map((model) => encodeModel(model));
  expect(outcomes([...seeds, plain])).toEqual({ read: 3, refused: 0 });
});

it('models that say what makes no sense', () => {
  const seeds = [attention(), convolutions(), decodeModel(plain) as ModelProto];
  const { read, refused } = outcomes(damagedModels(seeds));
  // Both must happen often, else the damage would test nothing.
  expect(read).toBeGreaterThan(MEANINGFUL / 10);
  expect(refused).toBeGreaterThan(MEANINGFUL / 10);
});

/** Of a detector takes a hundredth of a second. */
const DETECTORS = Number(process.env['LOWRANK_MUTATIONS'] ?? 300);

it('exported detectors that say what makes no sense', () => {
  const seeds = ['yolov8-static', 'yolo26-end2end', 'yolo12-dynamic'].map(
    (name) =>
      decodeModel(readFileSync(join(import.meta.dirname, `../../fixtures/yolo/exports/${name}.onnx`))) as ModelProto,
  );
  const { read, refused } = outcomes(damagedModels(seeds, DETECTORS));
  expect(read).toBeGreaterThan(DETECTORS / 20);
  expect(refused).toBeGreaterThan(DETECTORS / 20);
});

it('models whose bytes are damaged', () => {
  const seeds = [attention(), convolutions()].map((model) => encodeModel(model));
  const { read, refused } = outcomes(mutations(seeds, BYTES));
  expect(read).toBeGreaterThan(BYTES / 100);
  expect(refused).toBeGreaterThan(BYTES / 100);
});
