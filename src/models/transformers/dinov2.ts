/**
 * DINOv2 (Oquab et al. 2024): a ViT with layer scale, whose head reads the class token beside the mean of the patches. Its positions
 * are learned at 518 px and resized to the images at hand.
 */
import * as z from 'zod';
import { add, concat, mul, reduceMean, reshape, silu, slice } from '../../graph/build.ts';
import type { Value } from '../../graph/ir.ts';
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
import { extent } from './limits.ts';
import { resizePositions } from './positions.ts';
import { BICUBIC } from './processor.ts';

/** The published models have 4. */
const MAX_MLP_RATIO = 64;

const configSchema = encoderConfig
  .safeExtend({
    mlp_ratio: z.number().positive().max(MAX_MLP_RATIO).default(4),
    patch_size: extent.prefault(14),
    layer_norm_eps: z.number().nonnegative().default(1e-6),
    use_swiglu_ffn: z.boolean().default(false),
  })
  .refine(({ hidden_size, mlp_ratio }) => hidden_size * mlp_ratio >= 2, {
    path: ['mlp_ratio'],
    error: 'leaves no hidden features',
  });

type Config = z.infer<typeof configSchema>;

export const dinov2 = defineFamily<Config>({
  modelTypes: ['dinov2'],
  config: configSchema,
  olderNames: [
    ...OLDER_ATTENTION,
    { name: 'mlp.gate_proj', older: 'mlp.weights_in', part: { index: 0, of: 2 } },
    { name: 'mlp.up_proj', older: 'mlp.weights_in', part: { index: 1, of: 2 } },
    { name: 'mlp.down_proj', older: 'mlp.weights_out' },
  ],
  processor: {
    name: 'Bit',
    size: 224,
    number: 'shortest-edge',
    resample: BICUBIC,
    crop_size: 224,
    // CLIP's.
    image_mean: [0.48145466, 0.4578275, 0.40821073],
    image_std: [0.26862954, 0.26130258, 0.27577711],
  },
  heads: () => ['classifier'],
  features: (site) => {
    const { config, prefix, parameter } = site;
    let tokens = embed(site);
    for (let index = 0; index < config.num_hidden_layers; index++) tokens = block(site, tokens, index);
    const states = norm(parameter, `${prefix}.layernorm`, tokens, config.layer_norm_eps);
    const [length, ...rest] = states.shape as readonly [number, ...Value['shape']];
    const patches = reduceMean(slice(states, 0, 1, length), { axes: [0] });
    return [concat([reshape(slice(states, 0, 0, 1), rest), patches], 1)];
  },
});

function embed(site: FamilySite<Config>): Value {
  const { config, prefix, parameter } = site;
  const { hidden_size: width, patch_size: patch, image_size: image } = config;
  const module = `${prefix}.embeddings`;
  const { tokens, grid } = patchTokens(site, `${module}.patch_embeddings.projection`, width, patch);
  const learned = patchGrid(image, patch);
  const positions = parameter(`${module}.position_embeddings`, [1, 1 + learned.rows * learned.columns, width]);
  const all = prepend(tokens, parameter(`${module}.cls_token`, [1, 1, width]));
  return add(all, resizePositions(positions, 1, learned, grid));
}

function block(site: FamilySite<Config>, x: Value, index: number): Value {
  const { config, prefix, parameter } = site;
  const { hidden_size: width, layer_norm_eps: epsilon } = config;
  const module = `${prefix}.encoder.layer.${index}`;
  const scaled = (y: Value, name: string): Value => mul(y, parameter(`${module}.${name}.lambda1`, [width]));
  const before = norm(parameter, `${module}.norm1`, x, epsilon);
  const mixed = selfAttention(parameter, before, before, {
    module: `${module}.attention`,
    heads: config.num_attention_heads,
    bias: config.qkv_bias,
  });
  const attended = add(scaled(mixed, 'layer_scale1'), x);
  const after = norm(parameter, `${module}.norm2`, attended, epsilon);
  return add(scaled(feedForward(site, after, `${module}.mlp`), 'layer_scale2'), attended);
}

/** Two layers with an activation between, or SwiGLU (Shazeer 2020): down(silu(gate(x)) ∘ up(x)). */
function feedForward({ config, parameter }: FamilySite<Config>, x: Value, module: string): Value {
  const { hidden_size: width, mlp_ratio: ratio } = config;
  const hidden = Math.trunc(width * ratio);
  if (!config.use_swiglu_ffn) {
    const inner = activation(config.hidden_act, dense(parameter, `${module}.fc1`, x, hidden));
    return dense(parameter, `${module}.fc2`, inner, width);
  }
  // Two thirds of the width make up for the third matrix, in multiples of 8.
  const gated = Math.ceil(Math.trunc((hidden * 2) / 3) / 8) * 8;
  const gate = silu(dense(parameter, `${module}.gate_proj`, x, gated));
  return dense(parameter, `${module}.down_proj`, mul(gate, dense(parameter, `${module}.up_proj`, x, gated)), width);
}
