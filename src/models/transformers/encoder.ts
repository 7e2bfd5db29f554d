/** What every transformer encoder is made of, over sequence-first tokens [T, B, D] (see graph/ops/attention.ts for why). */
import { attention, concat, conv, expand, layerNormalization, linear, reshape, transpose } from '../../graph/build.ts';
import type { Value } from '../../graph/ir.ts';
import { known, timesDim } from '../../graph/shape.ts';
import type { FamilySite } from './family.ts';

type ParameterOf = FamilySite<unknown>['parameter'];

/** A Linear module with its parameters: x [..., in] → [..., out]. */
export function dense(parameter: ParameterOf, module: string, x: Value, out: number, { bias = true } = {}): Value {
  const features = known(x.shape.at(-1), 'a feature dimension');
  return linear(
    x,
    parameter(`${module}.weight`, [out, features]),
    bias ? parameter(`${module}.bias`, [out]) : undefined,
    module,
  );
}

export function norm(parameter: ParameterOf, module: string, x: Value, epsilon: number): Value {
  const features = known(x.shape.at(-1), 'a feature dimension');
  return layerNormalization(
    x,
    parameter(`${module}.weight`, [features]),
    parameter(`${module}.bias`, [features]),
    epsilon,
  );
}

/** Non-overlapping patches through one convolution: pixels [B, 3, H, W] → tokens [H/p · W/p, B, D]. */
export function patchTokens(
  parameter: ParameterOf,
  module: string,
  pixels: Value,
  width: number,
  patch: number,
): Value {
  const channels = known(pixels.shape[1], 'the channels');
  const weight = parameter(`${module}.weight`, [width, channels, patch, patch]);
  const grid = conv(
    pixels,
    weight,
    parameter(`${module}.bias`, [width]),
    { strides: [patch, patch], pads: [0, 0, 0, 0], dilations: [1, 1], groups: 1 },
    module,
  );
  const [batch, , rows, columns] = grid.shape;
  return transpose(reshape(grid, [batch!, width, timesDim(rows!, columns!)]), [2, 0, 1]);
}

/** Special tokens [1, n, D] before the patches, for every image of the batch. */
export function prepend(tokens: Value, special: Value): Value {
  const [, batch, width] = tokens.shape;
  const count = special.shape[1]!;
  return concat([expand(reshape(special, [count, 1, width!]), [count, batch!, width!]), tokens], 0);
}

export interface SelfAttention {
  readonly module: string;
  readonly heads: number;
  readonly bias: boolean;
}

/**
 * Self-attention of transformers 5's naming (q_proj, k_proj, v_proj, o_proj). `queries` are the tokens that are asked for: all of them,
 * or only those the head will read.
 */
export function selfAttention(
  parameter: ParameterOf,
  x: Value,
  queries: Value,
  { module, heads, bias }: SelfAttention,
): Value {
  const width = known(x.shape.at(-1), 'the hidden size');
  const project = (name: string, from: Value): Value => dense(parameter, `${module}.${name}`, from, width, { bias });
  const mixed = attention(project('q_proj', queries), project('k_proj', x), project('v_proj', x), {
    heads,
    scale: (width / heads) ** -0.5,
  });
  return dense(parameter, `${module}.o_proj`, mixed, width);
}
