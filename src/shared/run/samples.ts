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

const curve = z.array(share);
const count = z.int().min(0);

/** How good a detector is at each confidence and recall, at IoU 0.5. Curves are `[101]`: at 0, 0.01, … 1. */
const qualitySchema = z.object({
  /** Where F1 is best: that of precision, recall and F1 of the evaluation. */
  bestConfidence: share,
  /** Mean over the classes that occur. */
  precisionAtRecall: curve,
  /** The lowest first, and of many the lowest alone. */
  classes: z.array(z.object({ label: z.string(), ap50: share, precisionAtRecall: curve })),
  /** Means over the classes. */
  byConfidence: z.object({ precision: curve, recall: curve }),
  /** `[found, there, count]` by the numbers of the classes, where there is any; the number after the last class is the background. */
  confusion: z.array(z.tuple([count, count, count])),
});
export type DetectionQuality = z.infer<typeof qualitySchema>;

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
  /** Of a detector. */
  quality: qualitySchema.optional(),
});
export type Samples = z.infer<typeof samplesSchema>;
