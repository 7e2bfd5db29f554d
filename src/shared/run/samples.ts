/** `samples/<step>.json`: what the model says of a few validation images, the worst first. */
import * as z from 'zod';

const share = z.number().min(0).max(1);

/** x and y of the first and the last corner, 0…1 of the upright image. */
const corners = z.tuple([share, share, share, share]);

/** An image with what is in it and what was found. */
const detectionsSchema = z.object({
  file: z.string(),
  /** Share of right among found and missed, at IoU 0.5; null for an image where there is nothing and nothing was found. */
  score: share.nullable(),
  truth: z.array(z.object({ label: z.string(), box: corners })),
  /** The best first. */
  found: z.array(z.object({ label: z.string(), confidence: share, box: corners })),
});
export type ShownDetections = z.infer<typeof detectionsSchema>;

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
  /** Of a detector, the worst first. */
  detections: z.array(detectionsSchema).optional(),
});
export type Samples = z.infer<typeof samplesSchema>;
