import { describe, expect, it } from 'vitest';
import type { SourceNode } from '../../../src/models/onnx/functions.ts';
import { isFusedConvolution, modulePath, parameterName } from '../../../src/models/onnx/module-paths.ts';

function source(given: Partial<SourceNode>): SourceNode {
  return {
    op: 'Conv',
    name: '',
    inputs: [],
    outputs: ['y'],
    attributes: new Map(),
    metadata: new Map(),
    opset: 17,
    ...given,
  };
}

const scopes = (list: string) => new Map([['pkg.torch.onnx.name_scopes', list]]);
const none = { weight: undefined, biases: [] };

describe('the module of a node', () => {
  it.each<[string, Partial<SourceNode>, Parameters<typeof modulePath>[1], string]>([
    ['by the weight', { name: '/x/Conv' }, { weight: 'layer1.0.conv1.weight', biases: [] }, 'layer1.0.conv1'],
    ['by the bias', {}, { weight: 'onnx::MatMul_7', biases: ['x', 'blocks.0.mlp.fc1.bias'] }, 'blocks.0.mlp.fc1'],
    [
      'by the scopes, where weight and bias were renamed',
      { name: 'node_conv2d', metadata: scopes("['', 'features', 'features.0', 'conv2d']") },
      { weight: 'val_3', biases: ['features.0.weight_bias'] },
      'features.0',
    ],
    [
      'by the node, whose containers repeat their names',
      { name: '/features/features.1/block/block.0/block.0.0/Conv' },
      none,
      'features.1.block.0.0',
    ],
    ['by the node alone', { name: 'Conv_12' }, none, 'Conv_12'],
    ['by what it writes', {}, none, 'Conv.y'],
    [
      'by the weight before scopes that name the BatchNorm',
      { metadata: scopes("['', 'bn1', 'x']") },
      { weight: 'conv1.weight', biases: [] },
      'conv1',
    ],
    ['fit for a key', { name: 'model/a b:0/Conv' }, none, 'model.a_b_0'],
    ['not by a name that is a suffix alone', { name: 'Gemm_1' }, { weight: '.weight', biases: ['.bias'] }, 'Gemm_1'],
  ])('%s', (_, node, names, expected) => {
    expect(modulePath(source(node), names)).toBe(expected);
  });
});

describe('a folded BatchNorm', () => {
  it.each<[string, Partial<SourceNode>, boolean]>([
    ['renamed by the TorchScript exporter', { inputs: ['x', 'onnx::Conv_16', 'onnx::Conv_17'] }, true],
    ['renamed by older ones', { inputs: ['x', '193', '194'] }, true],
    ['named by the dynamo exporter', { inputs: ['x', 'conv1.weight', 'conv1.weight_bias'] }, true],
    ['told by its rule', { metadata: new Map([['rule', 'FuseBatchNormIntoConv']]) }, true],
    ['a bias of its own', { inputs: ['x', 'proj.weight', 'proj.bias'] }, false],
    ['no bias', { inputs: ['x', 'onnx::Conv_16'] }, false],
    ['no convolution', { op: 'Gemm', inputs: ['x', '193', '194'] }, false],
  ])('%s', (_, node, expected) => {
    expect(isFusedConvolution(source(node))).toBe(expected);
  });
});

describe('parameters', () => {
  it.each(['norm.weight', 'cls_token', 'blocks.0.ls1.gamma', 'features.1.0.layer_scale'])('%s is one', (name) => {
    expect(parameterName(name)).toBe(name);
  });

  it.each([
    'val_12',
    'constant_95',
    'constant_95',
    'onnx::Add_3',
    '/Constant_output_0',
    'layers.0.attn_mask',
    '12',
    '',
    undefined,
    'a\nb',
  ])('%j is none', (name) => {
    expect(parameterName(name)).toBeUndefined();
  });
});
