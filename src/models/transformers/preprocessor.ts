/** `preprocessor_config.json` in the forms that transformers has written it since 4.0. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { readJson } from '../../formats/json.ts';
import { InputError } from '../../shared/errors.ts';
import { preprocessingSchema } from '../../shared/preprocessing.ts';
import type { Preprocessing } from '../../shared/preprocessing.ts';
import type { Extent } from './limits.ts';
import type { Processor, Size } from './processor.ts';

export const PREPROCESSOR_FILE = 'preprocessor_config.json';

const side = z.int().min(1);
const sizeSchema = z.union([side, z.object({ height: side, width: side }), z.object({ shortest_edge: side })], {
  error: 'is neither a number nor {height, width} nor {shortest_edge}',
});
const channels = z.tuple([z.number(), z.number(), z.number()]);

/** Fields that are null are taken as left out, as transformers does. */
const fileSchema = z.object({
  image_processor_type: z.string().nullish(),
  feature_extractor_type: z.string().nullish(),
  do_resize: z.boolean().nullish(),
  size: sizeSchema.nullish(),
  resample: z.int().nullish(),
  do_center_crop: z.boolean().nullish(),
  crop_size: sizeSchema.nullish(),
  crop_pct: z.number().positive().max(1).nullish(),
  do_rescale: z.boolean().nullish(),
  rescale_factor: z.number().positive().nullish(),
  do_normalize: z.boolean().nullish(),
  image_mean: channels.nullish(),
  image_std: channels.nullish(),
});

/** PIL's numbers of its filters; box and hamming are used by no published processor. */
const INTERPOLATION: readonly (Preprocessing['interpolation'] | undefined)[] = [
  'nearest',
  'lanczos',
  'bilinear',
  'bicubic',
];
/** Where neither the model nor a processor's file tells a size. */
const USUAL_SIZE: Extent = { height: 224, width: 224 };

export interface ProcessorSite {
  /** Where the file names none that is known. */
  readonly usual: Processor;
  /** Those that a file may name. */
  readonly known: readonly Processor[];
  /** The only size that the model takes. */
  readonly imageSize?: Extent | undefined;
}

/**
 * Preprocessing of a model folder. Without the file that of the usual processor, at the size the model takes.
 * Throws InputError for what the file says and is not supported, naming its field.
 */
export function readPreprocessing(directory: string, { usual, known, imageSize }: ProcessorSite): Preprocessing {
  const file = join(directory, PREPROCESSOR_FILE);
  if (!existsSync(file)) return preprocessingOf({ size: imageSize ?? USUAL_SIZE, do_center_crop: false }, usual, file);
  const given = readJson(file, fileSchema);
  const className = given.image_processor_type ?? given.feature_extractor_type;
  const stem = className?.replace(/(FeatureExtractor|ImageProcessor)(Fast|Pil)?$/, '');
  return preprocessingOf(given, known.find(({ name }) => name === stem) ?? usual, file);
}

type Given = z.infer<typeof fileSchema>;

/** Where a part of the result comes from. */
const FIELDS: Readonly<Record<keyof Preprocessing, string>> = {
  resize: 'size',
  crop: 'crop_size',
  interpolation: 'resample',
  mean: 'image_mean',
  std: 'image_std',
};

function preprocessingOf(given: Given, processor: Processor, file: string): Preprocessing {
  if (given.do_resize === false) {
    throw new InputError('is false, but images of one batch have to be of one size', { file, field: 'do_resize' });
  }
  const resample = given.resample ?? processor.resample;
  const interpolation = INTERPOLATION[resample];
  if (interpolation === undefined)
    throw new InputError(`filter ${resample} is not supported`, { file, field: 'resample' });
  const result = preprocessingSchema.safeParse({
    ...geometry(given, processor),
    interpolation,
    ...normalisation(given, processor),
  });
  if (result.success) return result.data;
  const [first] = result.error.issues;
  const field = FIELDS[first?.path[0] as keyof Preprocessing];
  throw new InputError(first?.message ?? 'is no preprocessing', { file, field });
}

function geometry(given: Given, processor: Processor): Pick<Preprocessing, 'resize' | 'crop'> {
  const size = given.size ?? processor.size;
  const crop = cropOf(given, processor.crop_size, size);
  const edge = shortestEdge(size, processor.number);
  if (edge === undefined) return { resize: { mode: 'exact', ...extentOf(size) }, crop };
  if (processor.shortestEdge !== undefined) return processor.shortestEdge(edge, given);
  // Without a crop the longer edge would stay as it is, which makes no batch: its middle is taken.
  return { resize: { mode: 'shortest-edge', edge }, crop: crop ?? extentOf(edge) };
}

/** What the shorter side is resized to; undefined where both sides are given. */
function shortestEdge(size: Size, number: Processor['number']): number | undefined {
  if (typeof size === 'number') return number === 'shortest-edge' ? size : undefined;
  return 'shortest_edge' in size ? size.shortest_edge : undefined;
}

function cropOf(given: Given, cropSize: Size | undefined, size: Size): Extent | null {
  const wanted = given.crop_size ?? cropSize;
  return (given.do_center_crop ?? wanted !== undefined) ? extentOf(wanted ?? size) : null;
}

function extentOf(size: Size): Extent {
  if (typeof size === 'number') return { height: size, width: size };
  return 'shortest_edge' in size ? extentOf(size.shortest_edge) : { height: size.height, width: size.width };
}

/** (factor·x − mean) / std of the bytes x, told of x / 255. */
function normalisation(given: Given, usual: Processor): { mean: readonly number[]; std: readonly number[] } {
  const factor = given.do_rescale === false ? 1 : (given.rescale_factor ?? 1 / 255);
  // 1 / 255 is written with rounding: it changes nothing.
  const range = Math.abs(factor * 255 - 1) < 1e-6 ? 1 : factor * 255;
  const [mean, std] =
    given.do_normalize === false
      ? [
          [0, 0, 0],
          [1, 1, 1],
        ]
      : [given.image_mean ?? usual.image_mean, given.image_std ?? usual.image_std];
  return { mean: mean.map((value) => value / range), std: std.map((value) => value / range) };
}
