/** What a family of Hugging Face models brings: one file beside this one, one line in families.ts. */
import type * as z from 'zod';
import type { Value } from '../../graph/ir.ts';
import type { Extent } from './limits.ts';
import type { OlderName, Parameters } from './parameters.ts';
import type { Processor } from './processor.ts';

export interface Family<Config = unknown> {
  /** Values of `model_type` in config.json, each also the encoder's prefix in the state dict of a classifier. */
  readonly modelTypes: readonly string[];
  /** The part of config.json that the graph is made from, with the defaults of `transformers`. */
  readonly config: z.ZodType<Config>;
  readonly olderNames: readonly OlderName[];
  /** The image processor of a folder whose preprocessor_config.json names none. */
  readonly processor: Processor;
  /** The only size of images the model takes; left out where it takes any. */
  readonly imageSize?: (config: Config) => Extent;
  /** Paths of the classification heads of a checkpoint. A bare encoder has none of them yet, and gets the first kind. */
  readonly heads: (has: Parameters['has']) => readonly string[];
  /** Writes the encoder: pixels [B, 3, height, width] → features [B, n], what each head reads. */
  readonly features: (site: FamilySite<Config>) => readonly Value[];
}

export interface FamilySite<Config> {
  readonly config: Config;
  /** config.json, for errors. */
  readonly file: string;
  readonly prefix: string;
  readonly heads: readonly string[];
  readonly pixels: Value;
  readonly parameter: Parameter;
}

/** A frozen parameter by today's name. */
export type Parameter = (name: string, shape: readonly number[]) => Value;

export function defineFamily<Config>(family: Family<Config>): Family {
  return family as unknown as Family;
}
