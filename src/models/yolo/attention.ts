/** Attention over the pixels of a feature map: position-sensitive (YOLO11, 26) and within areas (YOLO12). */
import { add, concat, matmul, mul, reshape, softmax, split, transpose } from '../../graph/build.ts';
import type { Value } from '../../graph/ir.ts';
import { known, timesDim } from '../../graph/shape.ts';
import type { Dim } from '../../graph/shape.ts';
import type { Block, Builder } from './builder.ts';
import type { TorchModule } from './module.ts';
import { chained, halves } from './stages.ts';

/** YOLO11x has 12 heads of 64 channels. */
const HEADS = { min: 1, max: 1024 };
const WIDTH = { min: 1, max: 4096 };
const AREAS = { min: 1, max: 64 };

interface Heads {
  readonly heads: number;
  /** Of one head, in channels; of queries and keys the same. */
  readonly keys: number;
  readonly values: number;
  readonly scale: number;
  /** Into how many strips of rows the image is cut; a pixel sees its own alone. */
  readonly areas: number;
}

/** softmax(scale · Qᵀ·K)·V with a depthwise convolution of V for the position, and a projection. */
function pixelAttention(
  builder: Builder,
  module: TorchModule,
  x: Value,
  { heads, keys, values, scale, areas }: Heads,
): Value {
  const [batch, , height, width] = x.shape as readonly [Dim, Dim, Dim, Dim];
  const pixels = known(height, 'the image size') * known(width, 'the image size');
  if (pixels % areas !== 0) module.fail(`its image of ${pixels} pixels does not split into ${areas} areas`);
  const together = reshape(builder.run(module.child('qkv'), x), [timesDim(batch, heads), 2 * keys + values, pixels]);
  const parts = split(together, 1, [keys, keys, values]);
  const image = (value: Value): Value => reshape(value, [batch, heads * values, height, width]);
  const [q, k, v] = parts.map((part) => areasApart(part, areas)) as [Value, Value, Value];
  const weights = softmax(matmul(q, k, { transA: true, alpha: scale }));
  const mixed = image(areasTogether(matmul(v, weights, { transB: true }), areas));
  const position = builder.run(module.child('pe'), image(parts[2]!));
  return builder.run(module.child('proj'), add(mixed, position));
}

/** [B·heads, C, pixels] → [B·heads, areas, C, pixels / areas]. */
function areasApart(x: Value, areas: number): Value {
  if (areas === 1) return x;
  const [rows, channels, pixels] = x.shape as readonly [Dim, number, number];
  return transpose(reshape(x, [rows, channels, areas, pixels / areas]), [0, 2, 1, 3]);
}

function areasTogether(x: Value, areas: number): Value {
  return areas === 1 ? x : transpose(x, [0, 2, 1, 3]);
}

const positionSensitive: Block = (builder, module, x) =>
  pixelAttention(builder, module, x, {
    heads: module.count('num_heads', HEADS),
    keys: module.count('key_dim', WIDTH),
    values: module.count('head_dim', WIDTH),
    scale: module.number('scale'),
    areas: 1,
  });

const areaAttention: Block = (builder, module, x) => {
  const width = module.count('head_dim', WIDTH);
  return pixelAttention(builder, module, x, {
    heads: module.count('num_heads', HEADS),
    keys: width,
    values: width,
    scale: width ** -0.5,
    areas: module.count('area', AREAS),
  });
};

/** Attention and a feed-forward network of 1×1 convolutions, each with a shortcut where there is one. */
const attentionBlock =
  (feedForward: string, hasShortcut: (module: TorchModule) => boolean): Block =>
  (builder, module, x) =>
    ['attn', feedForward].reduce((value, name) => {
      const result = builder.run(module.child(name), value);
      return hasShortcut(module) ? add(value, result) : result;
    }, x);

const c2psa: Block = (builder, module, x) => {
  const [kept, attended] = halves(module, builder.run(module.child('cv1'), x));
  return builder.run(module.child('cv2'), concat([kept, builder.run(module.child('m'), attended)], 1));
};

/** The residual of YOLO12's larger models is scaled by a trained γ for each channel. */
const a2c2f: Block = (builder, module, x) => {
  const levels = chained(builder, module.child('m').children(), [builder.run(module.child('cv1'), x)]);
  const mixed = builder.run(module.child('cv2'), concat(levels, 1));
  const gamma = builder.find(module, 'gamma');
  if (gamma === undefined) return mixed;
  const channels = known(mixed.shape[1], 'the channels');
  const scale = reshape(builder.constant(module, 'gamma', [channels]), [1, channels, 1, 1]);
  return add(x, mul(mixed, scale));
};

export const ATTENTION: Readonly<Record<string, Block>> = {
  Attention: positionSensitive,
  AAttn: areaAttention,
  PSABlock: attentionBlock('ffn', (module) => module.flag('add')),
  ABlock: attentionBlock('mlp', () => true),
  C2PSA: c2psa,
  A2C2f: a2c2f,
};
