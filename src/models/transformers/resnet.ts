/** ResNet (He et al. 2016) with the stride of a bottleneck in its 3 × 3 convolution, or in its first as the paper had it. */
import * as z from 'zod';
import { add, batchNormalization, conv, maxPool, reduceMean, relu } from '../../graph/build.ts';
import type { Value } from '../../graph/ir.ts';
import { known } from '../../graph/shape.ts';
import { activation, activationName } from './activations.ts';
import { defineFamily } from './family.ts';
import type { FamilySite } from './family.ts';
import { layerCount, size } from './limits.ts';
import { BICUBIC, HALF } from './processor.ts';
import type { Processor } from './processor.ts';

/** A bottleneck has this part of its layer's channels inside. */
const REDUCTION = 4;
/** The published models have 4. */
const MAX_STAGES = 16;
const perStage = <T extends z.ZodType>(item: T) => z.array(item).min(1).max(MAX_STAGES);

const configSchema = z
  .object({
    num_channels: z.literal(3).default(3),
    embedding_size: size.default(64),
    hidden_sizes: perStage(size).default([256, 512, 1024, 2048]),
    depths: perStage(layerCount).default([3, 4, 6, 3]),
    layer_type: z.enum(['basic', 'bottleneck']).default('bottleneck'),
    hidden_act: activationName.default('relu'),
    downsample_in_first_stage: z.boolean().default(false),
    downsample_in_bottleneck: z.boolean().default(false),
  })
  .refine(({ depths, hidden_sizes }) => depths.length === hidden_sizes.length, {
    path: ['depths'],
    error: 'is not as long as hidden_sizes',
  })
  .refine(
    ({ layer_type, hidden_sizes }) => layer_type === 'basic' || hidden_sizes.every((width) => width >= REDUCTION),
    {
      path: ['hidden_sizes'],
      error: 'leaves no channels for the inside of a bottleneck',
    },
  );

type Config = z.infer<typeof configSchema>;
type Site = FamilySite<Config>;

/** PyTorch's default. */
const EPSILON = 1e-5;

const CROP_SHARE = 224 / 256;
/** From this size on ConvNeXt's processor squeezes the image instead of cropping it. */
const SQUEEZES_FROM = 384;

const convNext: Processor = {
  ...HALF,
  name: 'ConvNext',
  size: 384,
  number: 'shortest-edge',
  resample: BICUBIC,
  shortestEdge: (edge, { crop_pct }) => {
    const square = { height: edge, width: edge };
    if (edge >= SQUEEZES_FROM) return { resize: { mode: 'exact', ...square }, crop: null };
    return { resize: { mode: 'shortest-edge', edge: Math.trunc(edge / (crop_pct ?? CROP_SHARE)) }, crop: square };
  },
};

export const resnet = defineFamily<Config>({
  modelTypes: ['resnet'],
  config: configSchema,
  olderNames: [],
  processor: convNext,
  heads: () => ['classifier.1'],
  features: (site) => {
    const { config, prefix, pixels } = site;
    const stem = convolution(site, `${prefix}.embedder.embedder`, pixels, config.embedding_size, {
      kernel: 7,
      stride: 2,
    });
    let x = maxPool(activation(config.hidden_act, stem), { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
    for (const [index, width] of config.hidden_sizes.entries()) x = stage(site, x, index, width);
    return [reduceMean(x, { axes: [2, 3] })];
  },
});

function stage(site: Site, x: Value, index: number, width: number): Value {
  const { config, prefix } = site;
  const stride = index > 0 || config.downsample_in_first_stage ? 2 : 1;
  let hidden = x;
  for (let layer = 0; layer < config.depths[index]!; layer++) {
    const module = `${prefix}.encoder.stages.${index}.layers.${layer}`;
    hidden = residual(site, module, hidden, width, layer === 0 ? stride : 1);
  }
  return hidden;
}

interface Geometry {
  readonly kernel: number;
  readonly stride: number;
}

/** A residual layer. Between its convolutions stands ReLU whatever `hidden_act` says; that is what follows their sum. */
function residual(site: Site, module: string, x: Value, width: number, stride: number): Value {
  const { config } = site;
  const inner = Math.floor(width / REDUCTION);
  const [first, second] = config.downsample_in_bottleneck ? [stride, 1] : [1, stride];
  const layers: readonly (Geometry & { readonly width: number })[] =
    config.layer_type === 'basic'
      ? [
          { width, kernel: 3, stride },
          { width, kernel: 3, stride: 1 },
        ]
      : [
          { width: inner, kernel: 1, stride: first },
          { width: inner, kernel: 3, stride: second },
          { width, kernel: 1, stride: 1 },
        ];
  const long = layers.reduce((hidden, layer, index) => {
    const normalised = convolution(site, `${module}.layer.${index}`, hidden, layer.width, layer);
    return index === layers.length - 1 ? normalised : relu(normalised);
  }, x);
  const projected = stride !== 1 || known(x.shape[1], 'the channels') !== width;
  const short = projected ? convolution(site, `${module}.shortcut`, x, width, { kernel: 1, stride }) : x;
  return activation(config.hidden_act, add(long, short));
}

/** A convolution without bias and its frozen normalisation. */
function convolution(
  { parameter }: Site,
  module: string,
  x: Value,
  width: number,
  { kernel, stride }: Geometry,
): Value {
  const pad = Math.floor(kernel / 2);
  const path = `${module}.convolution`;
  const weight = parameter(`${path}.weight`, [width, known(x.shape[1], 'the channels'), kernel, kernel]);
  const geometry = { strides: [stride, stride], pads: [pad, pad, pad, pad], dilations: [1, 1], groups: 1 };
  const statistic = (name: string): Value => parameter(`${module}.normalization.${name}`, [width]);
  return batchNormalization(
    conv(x, weight, undefined, geometry, path),
    {
      scale: statistic('weight'),
      bias: statistic('bias'),
      mean: statistic('running_mean'),
      variance: statistic('running_var'),
    },
    EPSILON,
  );
}
