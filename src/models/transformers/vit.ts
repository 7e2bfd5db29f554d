/**
 * Vision transformer (Dosovitskiy et al. 2021) and DeiT (Touvron et al. 2021): the class token's last state is what the head reads.
 * DeiT has a second, distillation token, which `DeiTForImageClassification` leaves unread; `…WithTeacher` has a head on each, and
 * their mean is the answer.
 */
import * as z from 'zod';
import { add, reshape, slice } from '../../graph/build.ts';
import type { Value } from '../../graph/ir.ts';
import { known } from '../../graph/shape.ts';
import { activation } from './activations.ts';
import {
  dense,
  encoderConfig,
  norm,
  OLDER_ATTENTION,
  patchGrid,
  patchTokens,
  prepend,
  selfAttention,
} from './encoder.ts';
import { defineFamily } from './family.ts';
import type { FamilySite } from './family.ts';
import { extent, size } from './limits.ts';
import { BICUBIC, BILINEAR, HALF } from './processor.ts';

const configSchema = encoderConfig.safeExtend({
  intermediate_size: size.default(3072),
  patch_size: extent.prefault(16),
  layer_norm_eps: z.number().nonnegative().default(1e-12),
});

type Config = z.infer<typeof configSchema>;

const TEACHER_HEADS = ['cls_classifier', 'distillation_classifier'];

const family = {
  config: configSchema,
  olderNames: [
    { name: 'layers', older: 'encoder.layer' },
    ...OLDER_ATTENTION,
    { name: 'mlp.fc1', older: 'intermediate.dense' },
    { name: 'mlp.fc2', older: 'output.dense' },
  ],
  imageSize: ({ image_size }: Config) => image_size,
};

export const vit = defineFamily<Config>({
  ...family,
  modelTypes: ['vit'],
  processor: { ...HALF, name: 'ViT', size: 224, number: 'square', resample: BILINEAR },
  heads: () => ['classifier'],
  features: (site) => encode(site, ['cls_token']),
});

export const deit = defineFamily<Config>({
  ...family,
  modelTypes: ['deit'],
  processor: { ...HALF, name: 'DeiT', size: 256, number: 'square', resample: BICUBIC, crop_size: 224 },
  heads: (has) => (TEACHER_HEADS.some((head) => has(`${head}.weight`)) ? TEACHER_HEADS : ['classifier']),
  features: (site) => encode(site, ['cls_token', 'distillation_token']),
});

/** The last states of the first tokens, one for each head. */
function encode(site: FamilySite<Config>, special: readonly string[]): Value[] {
  const { config, prefix, parameter, heads } = site;
  const last = config.num_hidden_layers - 1;
  let tokens = embed(site, special);
  for (let index = 0; index <= last; index++)
    tokens = block(site, tokens, index, index === last ? heads.length : 'all');
  const states = norm(parameter, `${prefix}.layernorm`, tokens, config.layer_norm_eps);
  return heads.map((_, index) => reshape(slice(states, 0, index, index + 1), states.shape.slice(1)));
}

function embed(site: FamilySite<Config>, special: readonly string[]): Value {
  const { config, prefix, parameter } = site;
  const { hidden_size: width, patch_size: patch, image_size: image } = config;
  const module = `${prefix}.embeddings`;
  const patches = patchTokens(site, `${module}.patch_embeddings.projection`, width, patch);
  const tokens = special.reduceRight(
    (sequence, name) => prepend(sequence, parameter(`${module}.${name}`, [1, 1, width])),
    patches.tokens,
  );
  const { rows, columns } = patchGrid(image, patch);
  const length = rows * columns + special.length;
  const positions = parameter(`${module}.position_embeddings`, [1, length, width]);
  return add(tokens, reshape(positions, [length, 1, width]));
}

/**
 * Pre-norm block. The last one computes only the tokens that heads read; its queries are normalised apart, so that x is the only value
 * that is sliced, and only one gradient has to be padded to all tokens again.
 */
function block(
  { config, prefix, parameter }: FamilySite<Config>,
  x: Value,
  index: number,
  wanted: number | 'all',
): Value {
  const module = `${prefix}.layers.${index}`;
  const normalised = (tokens: Value, name: string): Value =>
    norm(parameter, `${module}.${name}`, tokens, config.layer_norm_eps);
  const read = wanted === 'all' ? x : slice(x, 0, 0, wanted);
  const before = normalised(x, 'layernorm_before');
  const queries = wanted === 'all' ? before : normalised(read, 'layernorm_before');
  const mixed = selfAttention(parameter, before, queries, {
    module: `${module}.attention`,
    heads: config.num_attention_heads,
    bias: config.qkv_bias,
  });
  const attended = add(read, mixed);
  const after = normalised(attended, 'layernorm_after');
  const hidden = activation(config.hidden_act, dense(parameter, `${module}.mlp.fc1`, after, config.intermediate_size));
  return add(attended, dense(parameter, `${module}.mlp.fc2`, hidden, known(x.shape[2], 'the hidden size')));
}
