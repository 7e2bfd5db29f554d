/** `preprocessor_config.json` in the forms that transformers has written it since 4.0. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../../formats/json.ts';
import { InputError } from '../../shared/errors.ts';
import { preprocessingSchema } from '../../shared/preprocessing.ts';
import type { Preprocessing } from '../../shared/preprocessing.ts';

const sideSchema = z.int().min(1);
const sizeSchema = z.union([
  sideSchema,
  z.object({ height: sideSchema, width: sideSchema }),
  z.object({ shortest_edge: sideSchema }),
]);
const channels = z.array(z.number()).length(3);

const fileSchema = z.object({
  image_processor_type: z.string().optional(),
  feature_extractor_type: z.string().optional(),
  do_resize: z.boolean().default(true),
  size: sizeSchema.default(224),
  resample: z.int().min(0).max(5).default(2),
  do_center_crop: z.boolean().optional(),
  crop_size: sizeSchema.optional(),
  crop_pct: z.number().positive().max(1).optional(),
  do_rescale: z.boolean().default(true),
  rescale_factor: z
    .number()
    .positive()
    .default(1 / 255),
  do_normalize: z.boolean().default(true),
  image_mean: channels.default([0.5, 0.5, 0.5]),
  image_std: channels.default([0.5, 0.5, 0.5]),
});

type PreprocessorFile = z.infer<typeof fileSchema>;

/** PIL's numbers of its filters; box and hamming are used by no published processor. */
const INTERPOLATION = ['nearest', 'lanczos', 'bilinear', 'bicubic', undefined, undefined] as const;
/** From this size on ConvNeXt's processor squeezes the image instead of cropping it. */
const CONVNEXT_SQUEEZES_FROM = 384;

/** Preprocessing of a model folder; without the file that of ViT at the model's image size. */
export function readPreprocessing(directory: string, imageSize: number): Preprocessing {
  const file = join(directory, 'preprocessor_config.json');
  const settings = existsSync(file) ? readJson(file, fileSchema) : fileSchema.parse({ size: imageSize });
  const interpolation = INTERPOLATION[settings.resample];
  if (interpolation === undefined)
    throw new InputError(`filter ${settings.resample} is not supported`, { file, field: 'resample' });
  if (!settings.do_rescale || Math.abs(settings.rescale_factor * 255 - 1) > 1e-6) {
    throw new InputError('only 1/255 is supported; put the rest into image_mean and image_std', {
      file,
      field: 'rescale_factor',
    });
  }
  return preprocessingSchema.parse({
    ...geometry(settings, file),
    interpolation,
    mean: settings.do_normalize ? settings.image_mean : [0, 0, 0],
    std: settings.do_normalize ? settings.image_std : [1, 1, 1],
  });
}

function geometry(settings: PreprocessorFile, file: string): Pick<Preprocessing, 'resize' | 'crop'> {
  if (!settings.do_resize) throw new InputError('images must be resized to one size', { file, field: 'do_resize' });
  const { size, crop_pct: cropShare = 224 / 256 } = settings;
  const type = settings.image_processor_type ?? settings.feature_extractor_type ?? '';
  const edge = typeof size === 'number' ? size : 'shortest_edge' in size ? size.shortest_edge : undefined;
  if (type.startsWith('ConvNext') && edge !== undefined) {
    if (edge >= CONVNEXT_SQUEEZES_FROM) return { resize: { mode: 'exact', height: edge, width: edge }, crop: null };
    const crop = { height: edge, width: edge };
    return { resize: { mode: 'shortest-edge', edge: Math.trunc(edge / cropShare) }, crop };
  }
  const crop =
    (settings.do_center_crop ?? settings.crop_size !== undefined) ? cropOf(settings.crop_size ?? size) : null;
  if (typeof size === 'object' && 'shortest_edge' in size) {
    const centre = crop ?? { height: size.shortest_edge, width: size.shortest_edge };
    return { resize: { mode: 'shortest-edge', edge: size.shortest_edge }, crop: centre };
  }
  const exact = typeof size === 'number' ? { height: size, width: size } : { height: size.height, width: size.width };
  return { resize: { mode: 'exact', ...exact }, crop };
}

function cropOf(size: PreprocessorFile['size']): { height: number; width: number } {
  if (typeof size === 'number') return { height: size, width: size };
  return 'shortest_edge' in size
    ? { height: size.shortest_edge, width: size.shortest_edge }
    : { height: size.height, width: size.width };
}
