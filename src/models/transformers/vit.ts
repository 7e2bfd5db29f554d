/**
 * Vision transformer (Dosovitskiy et al. 2021) and DeiT (Touvron et al. 2021): the class token's last state is what the head reads.
 * DeiT has a second, distillation token, which `DeiTForImageClassification` leaves unread.
 */
import { z } from 'zod';
import { add, reshape, slice } from '../../graph/build.ts';
import type { Value } from '../../graph/ir.ts';
import { known } from '../../graph/shape.ts';
import { activation, ACTIVATIONS } from './activations.ts';
import { dense, norm, patchTokens, prepend, selfAttention } from './encoder.ts';
import { defineFamily } from './family.ts';
import type { FamilySite } from './family.ts';
import { layerCount, size } from './limits.ts';

const configSchema = z.object({
  model_type: z.string(),
  hidden_size: size,
  num_hidden_layers: layerCount,
  num_attention_heads: size,
  intermediate_size: size,
  image_size: size.default(224),
  patch_size: size.default(16),
  num_channels: z.literal(3).default(3),
  hidden_act: z.enum(ACTIVATIONS).default('gelu'),
  layer_norm_eps: z.number().positive().default(1e-12),
  qkv_bias: z.boolean().default(true),
});

type Config = z.infer<typeof configSchema>;

export const vit = defineFamily<Config>({
  modelTypes: ['vit', 'deit'],
  config: configSchema,
  renaming: [
    [/\.encoder\.layer\.(\d+)\./, '.layers.$1.'],
    [/\.attention\.attention\.(query|key|value)\./, '.attention.$1_proj.'],
    [/\.(q)uery_proj\.|\.(k)ey_proj\.|\.(v)alue_proj\./, '.$1$2$3_proj.'],
    [/\.attention\.output\.dense\./, '.attention.o_proj.'],
    [/\.intermediate\.dense\./, '.mlp.fc1.'],
    [/\.(\d+)\.output\.dense\./, '.$1.mlp.fc2.'],
  ],
  prefix: (modelType) => modelType,
  head: 'classifier',
  imageSize: ({ image_size }) => image_size,
  features: (site) => {
    const { config, prefix, parameter } = site;
    const last = config.num_hidden_layers - 1;
    let tokens = embed(site);
    for (let index = 0; index <= last; index++) tokens = block(site, tokens, index, index === last);
    const state = norm(parameter, `${prefix}.layernorm`, tokens, config.layer_norm_eps);
    return reshape(state, state.shape.slice(1));
  },
});

function embed({ config, prefix, pixels, parameter }: FamilySite<Config>): Value {
  const { hidden_size: width, patch_size: patch, image_size: side } = config;
  const special = config.model_type === 'deit' ? ['cls_token', 'distillation_token'] : ['cls_token'];
  const patches = patchTokens(parameter, `${prefix}.embeddings.patch_embeddings.projection`, pixels, width, patch);
  const tokens = special.reduceRight(
    (sequence, name) => prepend(sequence, parameter(`${prefix}.embeddings.${name}`, [1, 1, width])),
    patches,
  );
  const length = Math.floor(side / patch) ** 2 + special.length;
  const positions = parameter(`${prefix}.embeddings.position_embeddings`, [1, length, width]);
  return add(tokens, reshape(positions, [length, 1, width]));
}

/** Pre-norm block. The last one computes the class token alone: nothing reads the others. */
function block({ config, prefix, parameter }: FamilySite<Config>, x: Value, index: number, last: boolean): Value {
  const module = `${prefix}.layers.${index}`;
  const read = (tokens: Value): Value => (last ? slice(tokens, 0, 0, 1) : tokens);
  const before = norm(parameter, `${module}.layernorm_before`, x, config.layer_norm_eps);
  const mixed = selfAttention(parameter, before, read(before), {
    module: `${module}.attention`,
    heads: config.num_attention_heads,
    bias: config.qkv_bias,
  });
  const attended = add(read(x), mixed);
  const after = norm(parameter, `${module}.layernorm_after`, attended, config.layer_norm_eps);
  const hidden = activation(config.hidden_act, dense(parameter, `${module}.mlp.fc1`, after, config.intermediate_size));
  return add(attended, dense(parameter, `${module}.mlp.fc2`, hidden, known(x.shape[2], 'the hidden size')));
}
