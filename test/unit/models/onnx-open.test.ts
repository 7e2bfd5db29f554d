/** Opening ONNX files: what a base tells of them, and every way in which a file can be none. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeModel } from '../../../src/formats/onnx-proto.ts';
import { nameOf } from '../../../src/graph/ir.ts';
import type { Graph } from '../../../src/graph/ir.ts';
import { float32, zeros } from '../../../src/graph/tensor.ts';
import { adapt } from '../../../src/lora/adapt.ts';
import { PIXELS } from '../../../src/models/base.ts';
import { frozenTensors } from '../../../src/models/frozen.ts';
import { CLASSES_KEY } from '../../../src/models/onnx/metadata.ts';
import { onnxBase, openOnnx } from '../../../src/models/onnx/open.ts';
import { InputError } from '../../../src/shared/errors.ts';
import { loraSchema } from '../../../src/shared/job.ts';
import { head, ints, modelOf, node, normal, onnxModel, positive, real, scalar } from './onnx-build.ts';
import type { Sketch } from './onnx-build.ts';

const open = (bytes: Uint8Array) => onnxBase(bytes, '/models/m.onnx', { source: '/models/m.onnx' });

/** x through `nodes` to `y`, 48 numbers an image unless told, then the head. */
function classifier({ nodes, constants = {}, features = 48, ...rest }: Sketch & { features?: number }) {
  const last = head(features);
  return open(onnxModel({ ...rest, nodes: [...nodes, ...last.nodes], constants: { ...constants, ...last.constants } }));
}

const opsOf = (graph: Graph): string[] => graph.nodes.map(({ op }) => op);
const relu = node('Relu', ['x'], 'y');

describe('a base', () => {
  it('tells what its file does', () => {
    const base = classifier({ nodes: [relu], metadata: { [CLASSES_KEY]: '["a", "b", "c", "d"]' } });
    expect(base).toMatchObject({
      name: 'm.onnx',
      family: 'onnx',
      heads: ['head'],
      labels: ['a', 'b', 'c', 'd'],
      preprocessing: { crop: { height: 4, width: 4 } },
      identity: { source: '/models/m.onnx', fusedBatchNorm: false },
    });
    expect(base.graph.inputs.map(nameOf)).toEqual([PIXELS]);
    expect([...frozenTensors(base.graph).keys()]).toEqual(['head.weight', 'head.bias']);
  });

  it('is known by its bytes', () => {
    const [one, other] = [classifier({ nodes: [relu] }), classifier({ nodes: [relu], metadata: { a: 'b' } })];
    expect(one.identity.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(one.identity.sha256).not.toBe(other.identity.sha256);
  });

  it('takes 224 pixels where the file leaves the size open', () => {
    const nodes = [node('GlobalAveragePool', ['x'], 'y')];
    const { graph, preprocessing } = classifier({ nodes, features: 3, input: ['B', 3, 'H', 'W'] });
    expect(graph.inputs[0]!.shape.slice(1)).toEqual([3, 224, 224]);
    expect(preprocessing.crop).toEqual({ height: 224, width: 224 });
  });

  it('keeps MatMul weights the way PyTorch does, under the names of the state dict', () => {
    const w = float32([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
    const { graph } = classifier({
      nodes: [node('MatMul', ['x', 'onnx::MatMul_9'], 'p'), node('Add', ['fc.bias', 'p'], 'y')],
      constants: { 'onnx::MatMul_9': w, 'fc.bias': normal([2]) },
      features: 24,
    });
    const tensors = frozenTensors(graph);
    expect(tensors.get('fc.weight')).toEqual(float32([2, 4], [1, 3, 5, 7, 2, 4, 6, 8]));
    expect(tensors.get('fc.bias')).toEqual(normal([2]));
    expect(graph.nodes[0]).toMatchObject({ op: 'Linear', module: 'fc' });
  });

  it('gives one weight under two paths to two modules, and one module that runs twice its one weight', () => {
    const twice = (weight: string, at: string) => node('Conv', ['x', weight], at, {}, `/${at}/Conv`);
    const sum = node('Add', ['first', 'second'], 'y');
    const shared = (weight: string) =>
      classifier({
        nodes: [twice(weight, 'first'), twice(weight, 'second'), sum],
        constants: { [weight]: normal([3, 3, 1, 1]) },
      }).graph;
    expect(
      shared('onnx::Conv_1')
        .nodes.slice(0, 2)
        .map(({ module }) => module),
    ).toEqual(['first', 'second']);
    expect(frozenTensors(shared('onnx::Conv_1')).has('second.weight')).toBe(true);
    const once = shared('stem.weight');
    expect(once.nodes.slice(0, 2).map(({ module }) => module)).toEqual(['stem', 'stem']);
    expect(once.nodes[0]!.inputs[1]).toBe(once.nodes[1]!.inputs[1]);
  });

  it('keeps equal parameters apart that the exporter stored once', () => {
    const { graph } = classifier({
      nodes: [
        node('Identity', ['a.bias'], 'b.bias'),
        node('Conv', ['x', 'a.weight', 'a.bias'], 'first'),
        node('Conv', ['first', 'b.weight', 'b.bias'], 'y'),
      ],
      constants: {
        'a.weight': normal([3, 3, 1, 1]),
        'b.weight': normal([3, 3, 1, 1], 2),
        'a.bias': zeros('float32', [3]),
      },
    });
    expect([...frozenTensors(graph).keys()]).toEqual(expect.arrayContaining(['a.bias', 'b.bias']));
  });

  it('paths that two weights claim are told apart', () => {
    const conv = (from: string, to: string, weight: string) => node('Conv', [from, weight], to, {}, '/stem/Conv');
    const { graph } = classifier({
      nodes: [conv('x', 'first', 'onnx::Conv_1'), conv('first', 'y', 'onnx::Conv_2')],
      constants: { 'onnx::Conv_1': normal([3, 3, 1, 1]), 'onnx::Conv_2': normal([3, 3, 1, 1], 2) },
    });
    expect(graph.nodes.slice(0, 2).map(({ module }) => module)).toEqual(['stem', 'stem_2']);
  });

  it('counts no constant as a parameter that is none', () => {
    const { graph } = classifier({
      nodes: [node('Mul', ['x', 'val_3'], 'm'), node('Add', ['m', 'layers.0.attn_mask'], 'y')],
      constants: { val_3: normal([4]), 'layers.0.attn_mask': normal([4]) },
    });
    expect([...frozenTensors(graph).keys()]).toEqual(['head.weight', 'head.bias']);
  });

  it('widens half precision', () => {
    const half = { dtype: 'float16', shape: [4], data: Uint16Array.of(0x3c00, 0x4000, 0xc000, 0x3800) } as const;
    const { graph } = classifier({
      nodes: [node('Mul', ['x', 'scale.gamma'], 'y')],
      constants: { 'scale.gamma': half },
    });
    expect(frozenTensors(graph).get('scale.gamma')).toEqual(float32([4], [1, 2, -2, 0.5]));
  });
});

const sketch: Sketch = (() => {
  const last = head(48);
  return { nodes: [relu, ...last.nodes], constants: last.constants };
})();

describe('the head', () => {
  const features = node('GlobalAveragePool', ['x'], 'pooled');
  const conv = { 'head.weight': normal([4, 3, 1, 1]), 'head.bias': normal([4], 2) };

  it('is what is before a Softmax', () => {
    const last = head(48);
    const nodes = [relu, ...last.nodes, node('Softmax', ['logits'], 'p', { axis: 1 })];
    const { graph, heads } = open(onnxModel({ nodes, constants: last.constants, output: 'p' }));
    expect(heads).toEqual(['head']);
    expect(opsOf(graph)).toEqual(['Relu', 'Reshape', 'Linear']);
  });

  it('may be two whose logits are averaged', () => {
    const { graph, heads } = open(
      onnxModel({
        nodes: [
          node('Flatten', ['x'], 'y'),
          node('Gemm', ['y', 'head.weight'], 'a', { transB: 1 }),
          node('Gemm', ['y', 'head_dist.weight'], 'b', { transB: 1 }),
          node('Add', ['a', 'b'], 'sum'),
          node('Div', ['sum', 'two'], 'logits'),
        ],
        constants: { 'head.weight': normal([4, 48]), 'head_dist.weight': normal([4, 48], 2), two: real(2) },
      }),
    );
    expect(heads).toEqual(['head', 'head_dist']);
    expect(opsOf(graph)).toContain('Add');
  });

  it.each<[string, Sketch['nodes']]>([
    [
      'before the pooling, as in SqueezeNet',
      [
        node('Conv', ['x', 'head.weight', 'head.bias'], 'c'),
        node('Relu', ['c'], 'r'),
        node('GlobalAveragePool', ['r'], 'p'),
        node('Flatten', ['p'], 'logits'),
      ],
    ],
    [
      'after it',
      [features, node('Conv', ['pooled', 'head.weight', 'head.bias'], 'c'), node('Flatten', ['c'], 'logits')],
    ],
  ])('may be a 1×1 convolution %s, for any number of classes', (_, nodes) => {
    const base = open(onnxModel({ nodes, constants: conv }));
    expect(base.heads).toEqual(['head']);
    const { graph } = adapt(base, {
      method: 'head',
      lora: loraSchema.parse({}),
      classes: ['a', 'b', 'c', 'd', 'e', 'f'],
    });
    expect(graph.outputs.get('logits')!.shape[1]).toBe(6);
  });

  it.each<[string, Sketch['nodes'], RegExp]>([
    ['no layer', [node('ReduceMean', ['x'], 'logits', { axes: [2, 3], keepdims: 0 })], /no linear layer.*ReduceMean/],
    ['an image', [node('Relu', ['x'], 'logits')], /its output is \[B, 3, 4, 4\]; a classifier's is \[batch, classes\]/],
    ['a constant', [node('Identity', ['head.bias'], 'logits'), node('Relu', ['x'], 'z')], /one input|does not depend/],
  ])('is asked for where there is %s', (_, nodes, message) => {
    expect(() => open(onnxModel({ nodes, constants: conv }))).toThrow(message);
  });
});

describe('local functions', () => {
  const double = {
    name: 'Double',
    domain: 'local',
    input: ['a'],
    output: ['b'],
    attribute: ['slope'],
    node: [
      node('Add', ['a', 'a'], 'sum'),
      { ...node('LeakyRelu', ['sum'], 'b'), attribute: [{ name: 'alpha', type: 1, refAttrName: 'slope' }] },
    ],
    opsetImport: [{ domain: '', version: 17 }],
  };

  it('are replaced by their bodies, attributes and all', () => {
    const call = (from: string, to: string) => ({
      ...node('Double', [from], to, { slope: { float: 0.5 } }),
      domain: 'local',
    });
    const { graph } = classifier({ nodes: [call('x', 'once'), call('once', 'y')], functions: [double] });
    expect(opsOf(graph).slice(0, 4)).toEqual(['Add', 'LeakyRelu', 'Add', 'LeakyRelu']);
    expect(graph.nodes[1]!.attributes).toEqual({ alpha: 0.5 });
  });

  it('that call themselves are refused', () => {
    const call = { ...node('Loop', ['a'], 'b'), domain: 'local' };
    const loop = { ...double, name: 'Loop', attribute: [], node: [call] };
    const nodes = [{ ...node('Loop', ['x'], 'y'), domain: 'local' }];
    expect(() => classifier({ nodes, functions: [loop] })).toThrow(/calls functions too deeply, or itself/);
  });

  it('that grow without end are refused', () => {
    const functions = Array.from({ length: 15 }, (_, level) => ({
      ...double,
      name: `F${level}`,
      attribute: [],
      node: Array.from({ length: 8 }, (_call, at) => ({
        ...node(`F${level + 1}`, ['a'], at === 0 ? 'b' : `c${at}`),
        domain: 'local',
      })),
    }));
    const nodes = [{ ...node('F0', ['x'], 'y'), domain: 'local' }];
    expect(() => classifier({ nodes, functions })).toThrow(/more than 100000 nodes/);
  });
});

describe('a file that cannot be a base is refused in one line', () => {
  const flat = node('Flatten', ['x'], 'y');
  it.each<[string, () => unknown, RegExp]>([
    [
      'an unsupported operator',
      () => classifier({ nodes: [node('NonZero', ['x'], 'y', {}, '/features/NonZero')] }),
      /^\/models\/m\.onnx: node \/features\/NonZero uses NonZero, which cannot be .*; supported are Abs, Add, .*Where$/,
    ],
    [
      "another domain's operator",
      () => classifier({ nodes: [{ ...node('FusedMatMul', ['x', 'x'], 'y'), domain: 'com.microsoft' }] }),
      /uses com\.microsoft::FusedMatMul/,
    ],
    [
      'an old opset',
      () => classifier({ nodes: [relu], opset: 9 }),
      /opset 9 is not supported; export it again with one of 11 to 22/,
    ],
    ['a batch of 4', () => classifier({ nodes: [relu], input: [4, 3, 4, 4] }), /input x: is fixed to batches of 4/],
    [
      'channels last',
      () => classifier({ nodes: [relu], input: ['B', 4, 4, 3] }),
      /must be images \[batch, 3, height, width\], not \[\?, 4, 4, 3\]/,
    ],
    ['bytes', () => classifier({ nodes: [relu], elemType: 2 }), /must take floating-point pixels/],
    ['giant images', () => classifier({ nodes: [relu], input: ['B', 3, 65536, 65536] }), /must be images/],
    [
      'two inputs',
      () => classifier({ nodes: [node('Add', ['x', 'z'], 'y')], extraInputs: [{ name: 'z' }] }),
      /this model reads 2 of \[x, z\]/,
    ],
    [
      'a value from nowhere',
      () => classifier({ nodes: [node('Add', ['x', 'z'], 'y')] }),
      /node Add y: reads z, which nothing before it writes/,
    ],
    ['a value written twice', () => classifier({ nodes: [relu, node('Exp', ['x'], 'y')] }), /two nodes write y/],
    [
      'an index tensor that depends on the image',
      () => classifier({ nodes: [node('Cast', ['x'], 'i', { to: 7 }), node('Reshape', ['x', 'i'], 'y')] }),
      /node Reshape y: Reshape: input 2 depends on the image/,
    ],
    [
      'arithmetic between images',
      () => classifier({ nodes: [node('ReduceMean', ['x'], 'y', { axes: [0] })] }),
      /node ReduceMean y: ReduceMean: mixes the images of a batch/,
    ],
    [
      'the first image of a batch',
      () => classifier({ nodes: [node('Gather', ['x', 'i'], 'y')], constants: { i: ints(0) } }),
      /takes some images of a batch and leaves others/,
    ],
    [
      "another image's elements, by as_strided",
      () =>
        classifier({
          nodes: [
            node('Shape', ['x'], 'shape'),
            node('Gather', ['shape', 'zero'], 'batch'),
            node('Reshape', ['x', 'flatten'], 'flat'),
            node('Range', ['zero', 'batch', 'one'], 'numbers'),
            node('Mul', ['numbers', 'size'], 'starts'),
            node('Unsqueeze', ['starts', 'last'], 'column'),
            node('Add', ['column', 'within'], 'indices'),
            node('Gather', ['flat', 'indices'], 'y'),
          ],
          constants: {
            zero: scalar(0),
            one: scalar(1),
            size: scalar(48),
            flatten: ints(-1),
            last: ints(1),
            within: { ...ints(-1, 3), shape: [1, 2] },
          },
          features: 2,
        }),
      /node Gather y: Gather: takes elements of one image for another/,
    ],
    [
      'a giant constant',
      () =>
        classifier({
          nodes: [node('ConstantOfShape', ['s'], 'c'), node('Add', ['x', 'c'], 'y')],
          constants: { s: ints(2 ** 20, 2 ** 20) },
        }),
      /asks for a tensor of 1099511627776 elements that the file does not hold/,
    ],
    [
      'a giant activation',
      () =>
        classifier({
          nodes: [node('Relu', ['x'], 'r'), node('Expand', ['r', 's'], 'y')],
          constants: { s: ints(65536, 65536, 1, 1, 1, 1) },
        }),
      /node Expand y: Expand: makes a tensor/,
    ],
    [
      'BatchNorm in training mode',
      () =>
        classifier({
          nodes: [node('BatchNormalization', ['x', 's', 's', 's', 's'], 'y', { training_mode: 1 })],
          constants: { s: positive([3]) },
        }),
      /is in training mode; export the model again after model\.eval\(\)/,
    ],
    [
      'a weight that contradicts its input',
      () => classifier({ nodes: [node('Conv', ['x', 'w'], 'y')], constants: { w: normal([3, 5, 1, 1]) } }),
      /node Conv y: Conv: Conv\(.*the weight takes 5 channels, the input has 3/,
    ],
    [
      'external data outside the folder',
      () =>
        classifier({
          nodes: [node('Add', ['x', 'w'], 'y')],
          extraConstants: [
            { name: 'w', dims: [4], dataType: 1, dataLocation: 1, externalData: [{ key: 'location', value: '../w' }] },
          ],
        }),
      /lie outside the model's folder/,
    ],
    ['no model', () => open(new Uint8Array([1, 2, 3])), /./],
    [
      'classes that contradict',
      () => classifier({ nodes: [flat], metadata: { [CLASSES_KEY]: '[]' } }),
      /tells 0 classes, but the model has 4/,
    ],
  ])('%s', (_, run, message) => {
    expect(run).toThrow(InputError);
    expect(run).toThrow(message);
    try {
      run();
    } catch (error) {
      expect((error as Error).message).not.toContain('\n');
    }
  });
});

describe('files', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lowrank-onnx-open-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('are named by their path, or by what the job calls them', async () => {
    const file = join(folder, 'm.onnx');
    writeFileSync(file, encodeModel(modelOf(sketch)));
    expect((await openOnnx(file)).identity.source).toBe(file);
    const origin = { source: 'hf:owner/name', revision: 'abc' };
    expect(await openOnnx(file, origin)).toMatchObject({ name: 'name', identity: origin });
  });

  it('that are missing are told', async () => {
    await expect(openOnnx(join(folder, 'none.onnx'))).rejects.toThrow(InputError);
  });
});
