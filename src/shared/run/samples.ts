/** `samples/<step>.json`: what the model says of a few validation images, the worst first. */
import * as z from 'zod';

const share = z.number().min(0).max(1);

export const samplesSchema = z.object({
  version: z.literal(1),
  step: z.int().min(0),
  samples: z.array(
    z.object({
      /** Absolute path of the image. */
      file: z.string(),
      label: z.string(),
      predicted: z.string(),
      /** Of the predicted class. */
      probability: share,
      loss: z.number().nullable(),
      /** The likeliest classes, the predicted one first. */
      top: z.array(z.object({ label: z.string(), probability: share })),
    }),
  ),
});
export type Samples = z.infer<typeof samplesSchema>;
