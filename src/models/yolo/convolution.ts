/** Convolutions with their normalisation and activation, and the layers without weights. */
import {
  batchNormalization,
  conv,
  gelu,
  hardSwish,
  leakyRelu,
  maxPool,
  relu,
  resize,
  sigmoid,
  silu,
} from '../../graph/build.ts';
import { known } from '../../graph/shape.ts';
import type { Block } from './builder.ts';

/** Strides, dilations and kernels of published networks are below 8; larger ones make the image vanish or explode. */
const SMALL = { min: 1, max: 64 };
const PADDING = { min: 0, max: 64 };
const GROUPS = { min: 1, max: 2 ** 16 };
const FACTOR = { min: 2, max: 8 };

const conv2d: Block = (builder, module, x) => {
  if (module.setting('padding_mode') !== 'zeros') module.fail('pads with something else than zeros');
  const weight = builder.constant(module, 'weight');
  if (weight.shape.length !== 4) module.fail('has a weight that is no kernel of an image');
  const [top, left] = module.pair('padding', PADDING);
  const groups = module.count('groups', GROUPS);
  const out = known(weight.shape[0], 'the channels');
  if (out % groups !== 0) module.fail(`its ${out} channels do not split into ${groups} groups`);
  const geometry = {
    strides: module.pair('stride', SMALL),
    pads: [top, left, top, left],
    dilations: module.pair('dilation', SMALL),
    groups,
  };
  const bias = builder.find(module, 'bias') && builder.constant(module, 'bias', [out]);
  return conv(x, weight, bias, geometry, module.path);
};

/** Frozen: with its running statistics. */
const batchNorm: Block = (builder, module, x) => {
  const channels = known(x.shape[1], 'the channels');
  const constant = (name: string) => builder.constant(module, name, [channels]);
  const parameters = {
    scale: constant('weight'),
    bias: constant('bias'),
    mean: constant('running_mean'),
    variance: constant('running_var'),
  };
  return batchNormalization(x, parameters, module.number('eps'));
};

/** Convolution, normalisation (none where it was fused into the convolution), activation. */
const convolution: Block = (builder, module, x) =>
  ['conv', 'bn', 'act'].reduce((value, name) => {
    const part = name === 'conv' ? module.child(name) : module.find(name);
    return part === undefined ? value : builder.run(part, value);
  }, x);

/** Nearest neighbour, twice the size. */
const upsample: Block = (_builder, module, x) => {
  if (module.setting('mode') !== 'nearest') module.fail('enlarges by something else than the nearest neighbour');
  const [rows, columns] = module.pair('scale_factor', FACTOR);
  const sizes = [rows, columns].map((factor, index) => factor * known(x.shape[index + 2], 'the image size'));
  return resize(x, { axes: [2, 3], sizes, mode: 'nearest', coordinates: 'asymmetric', nearest: 'floor' });
};

const pooling: Block = (_builder, module, x) => {
  const [top, left] = module.pair('padding', PADDING);
  return maxPool(x, {
    kernel: module.pair('kernel_size', SMALL),
    strides: module.pair('stride', SMALL),
    dilations: module.pair('dilation', SMALL),
    pads: [top, left, top, left],
    ceilMode: module.flag('ceil_mode'),
  });
};

const sequential: Block = (builder, module, x) =>
  module.children().reduce((value, child) => builder.run(child, value), x);

export const LAYERS: Readonly<Record<string, Block>> = {
  Conv2d: conv2d,
  BatchNorm2d: batchNorm,
  Conv: convolution,
  DWConv: convolution,
  Upsample: upsample,
  MaxPool2d: pooling,
  Sequential: sequential,
  Identity: (_builder, _module, x) => x,
  SiLU: (_builder, _module, x) => silu(x),
  ReLU: (_builder, _module, x) => relu(x),
  LeakyReLU: (_builder, module, x) => leakyRelu(x, module.number('negative_slope')),
  Hardswish: (_builder, _module, x) => hardSwish(x),
  GELU: (_builder, _module, x) => gelu(x),
  Sigmoid: (_builder, _module, x) => sigmoid(x),
};
