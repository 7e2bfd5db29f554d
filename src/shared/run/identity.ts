/** `run.json`: what a run is. The job is frozen at the start, its paths absolute; `setup` is filled in by the trainer. */
import * as z from 'zod';
import { jobSchema } from '../job.ts';

const count = z.int().min(0);
/** As many as a trainer tells; each is a folder that a view may load pictures from. */
const MAX_FOLDERS = 100;

/** What the trainer found when it opened base, dataset and engine; the first step has not run yet. */
export const setupSchema = z.object({
  engine: z.object({
    name: z.string(),
    /** `cpu`, or the accelerator's own name. */
    device: z.string(),
    /** The NVIDIA card that CUDA computes on, its memory in bytes; null where it is none. */
    card: z.object({ index: count, uuid: z.string(), memory: count }).nullable().default(null),
    threads: z.int().min(1).nullable(),
    /** Of the computation; runs from before there was a choice are fp32. */
    precision: z.enum(['fp32', 'fp16', 'bf16']).default('fp32'),
    /** The lowest segments of a step that its backward pass computes again, to need less memory. */
    recompute: count.default(0),
    /** Why it runs on this engine, in a few words. */
    reason: z.string().default(''),
  }),
  base: z.object({
    /** As the job names it. */
    source: z.string(),
    architecture: z.string(),
    /** Revision on the hub; null for a local base. */
    revision: z.string().nullable(),
    /** Of the weights: an adapter is refused on others. */
    sha256: z.string(),
    /** Whether BatchNorm had been folded into the convolutions of the export. */
    fused: z.boolean(),
  }),
  dataset: z.object({
    kind: z.string(),
    /** What it is labelled for; runs of earlier versions do not tell. */
    task: z.enum(['classification', 'detection']).optional(),
    classes: z.array(z.string()),
    images: z.object({ train: count, validation: count, test: count }),
    /** Absolute; where images lie that are not in the dataset's own folder. */
    imageFolders: z.array(z.string()).max(MAX_FOLDERS).optional(),
  }),
  parameters: z.object({ base: count, adapter: count, head: count, trainable: count, adapterBytes: count }),
  steps: z.object({ total: count, perEpoch: count }),
});
export type RunSetup = z.infer<typeof setupSchema>;

export const runSchema = z.object({
  version: z.literal(1),
  /** The folder's name at the start; it stays when the folder is moved. */
  id: z.string().min(1),
  name: z.string(),
  /** Milliseconds since 1970. */
  created: count,
  versions: z.object({ lowrank: z.string(), node: z.string(), platform: z.string() }),
  job: jobSchema,
  setup: setupSchema.nullable(),
});
export type RunIdentity = z.infer<typeof runSchema>;
