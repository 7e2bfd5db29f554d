/** `report.json`: what came of a run, in the numbers that `lowrank compare` and the report view put side by side. */
import * as z from 'zod';
import { scoreSchema } from './events.ts';
import { setupSchema } from './identity.ts';

const count = z.int().min(0);
const scoreAt = z.object({ step: count, ...scoreSchema.shape });

export const reportSchema = z.object({
  version: z.literal(1),
  id: z.string(),
  outcome: z.enum(['finished', 'stopped', 'failed']),
  /** What it ran on, and why; reports from before there was a choice have none. */
  engine: setupSchema.shape.engine.optional(),
  method: z.enum(['lora', 'head', 'full']),
  steps: count,
  epochs: count,
  /** Training alone, summed over all processes of the run. */
  seconds: z.number().min(0),
  /** From the start of the last process to the end of its first step. */
  firstStepSeconds: z.number().min(0).nullable(),
  imagesPerSecond: z.number().min(0).nullable(),
  peakMemoryBytes: count.nullable(),
  /** On the validation images: the untouched base under its new head, the best and the last. */
  validation: z.object({ untouched: scoreAt.nullable(), best: scoreAt.nullable(), last: scoreAt.nullable() }),
  test: scoreAt.nullable(),
  parameters: setupSchema.shape.parameters,
  /** The adapter as written, beside the base's weights in the same dtype. */
  files: z.object({ adapterBytes: count, baseBytes: count }),
  skippedImages: count,
});
export type RunReport = z.infer<typeof reportSchema>;
