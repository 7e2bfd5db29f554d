/** What every transformer encoder is made of, over sequence-first tokens [T, B, D] (see graph/ops/attention.ts for why). */
import * as z from 'zod';
import { attention, concat, conv, expand, layerNormalization, linear, reshape, transpose } from '../../graph/build.ts';
import type { Value } from '../../graph/ir.ts';
import { known, timesDim } from '../../graph/shape.ts';
import { InputError } from '../../shared/errors.ts';
import { activationName } from './activations.ts';
import type { FamilySite, Parameter } from './family.ts';
import { extent, layerCount, size } from './limits.ts';
import type { Extent } from './limits.ts';
import type { OlderName } from './parameters.ts';
import type { Grid } from './positions.ts';

/** Fields that the encoders' config.json have in common. */
export const encoderConfig = z
  .object({
    hidden_size: size.default(768),
    num_hidden_layers: layerCount.default(12),
    num_attention_heads: size.default(12),
    image_size: extent.prefault(224),
    num_channels: z.literal(3).default(3),
    hidden_act: activationName.default('gelu'),
    qkv_bias: z.boolean().default(true),
  })
  .refine(({ hidden_size, num_attention_heads }) => hidden_size % num_attention_heads === 0, {
    path: ['num_attention_heads'],
    error: 'does not divide hidden_size',
  });

/** Names of the attention's projections before transformers 5. */
export const OLDER_ATTENTION: readonly OlderName[] = [
  { name: 'attention.q_proj', older: 'attention.attention.query' },
  { name: 'attention.k_proj', older: 'attention.attention.key' },
  { name: 'attention.v_proj', older: 'attention.attention.value' },
  { name: 'attention.o_proj', older: 'attention.output.dense' },
];

/** A Linear module with its parameters: x [..., in] → [..., out]. */
export function dense(parameter: Parameter, module: string, x: Value, out: number, { bias = true } = {}): Value {
  const features = known(x.shape.at(-1), 'a feature dimension');
  return linear(
    x,
    parameter(`${module}.weight`, [out, features]),
    bias ? parameter(`${module}.bias`, [out]) : undefined,
    module,
  );
}

export function norm(parameter: Parameter, module: string, x: Value, epsilon: number): Value {
  const features = known(x.shape.at(-1), 'a feature dimension');
  return layerNormalization(
    x,
    parameter(`${module}.weight`, [features]),
    parameter(`${module}.bias`, [features]),
    epsilon,
  );
}

/** Whole patches of an image; what is left at its right and lower edge is not seen. */
export function patchGrid({ height, width }: Extent, patch: Extent): Grid {
  return { rows: Math.floor(height / patch.height), columns: Math.floor(width / patch.width) };
}

/**
 * Non-overlapping patches through one convolution: pixels [B, 3, H, W] → tokens [rows · columns, B, D].
 * Throws InputError for patches larger than the images.
 */
export function patchTokens(
  { pixels, parameter, file }: FamilySite<unknown>,
  module: string,
  width: number,
  patch: Extent,
) {
  const [channels, height, breadth] = pixels.shape.slice(1).map((dim) => known(dim, 'the image size'));
  const { rows, columns } = patchGrid({ height: height!, width: breadth! }, patch);
  if (rows === 0 || columns === 0) {
    throw new InputError(`images of ${breadth!}×${height!} pixels hold no patch of ${patch.width}×${patch.height}`, {
      file,
      field: 'patch_size',
    });
  }
  const grid = conv(
    pixels,
    parameter(`${module}.weight`, [width, channels!, patch.height, patch.width]),
    parameter(`${module}.bias`, [width]),
    { strides: [patch.height, patch.width], pads: [0, 0, 0, 0], dilations: [1, 1], groups: 1 },
    module,
  );
  const tokens = transpose(reshape(grid, [pixels.shape[0]!, width, timesDim(rows, columns)]), [2, 0, 1]);
  return { tokens, grid: { rows, columns } };
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
  parameter: Parameter,
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
