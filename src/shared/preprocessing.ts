/** How an image becomes the tensor a base was trained on: the words and the numbers of `preprocessor_config.json`. */
import * as z from 'zod';

/** Larger inputs than this are a mistake in a file, not a model. */
const MAX_SIDE = 4096;
const side = z.int().min(1).max(MAX_SIDE);
const triple = <T extends z.ZodNumber>(channel: T) => z.tuple([channel, channel, channel]);

export const preprocessingSchema = z.strictObject({
  /** `shortest-edge` keeps the aspect ratio and is followed by a centre crop; `exact` squeezes to `height` × `width`. */
  resize: z.discriminatedUnion('mode', [
    z.strictObject({ mode: z.literal('shortest-edge'), edge: side }),
    z.strictObject({ mode: z.literal('exact'), height: side, width: side }),
  ]),
  /** Centre crop after resizing; null where the resize is exact. */
  crop: z.strictObject({ height: side, width: side }).nullable(),
  interpolation: z.enum(['nearest', 'bilinear', 'bicubic', 'lanczos']),
  /** Channel mean and deviation of the rescaled (0…1) RGB image. */
  mean: triple(z.number()),
  std: triple(z.number().positive()),
});

export type Preprocessing = z.infer<typeof preprocessingSchema>;

/** What a preprocessed image measures, in pixels. */
export function inputSize({ resize, crop }: Preprocessing): { height: number; width: number } {
  if (crop !== null) return { height: crop.height, width: crop.width };
  if (resize.mode === 'exact') return { height: resize.height, width: resize.width };
  return { height: resize.edge, width: resize.edge };
}
