/** What a family of Hugging Face models brings: one file beside this one, one line in families.ts. */
import type { z } from 'zod';
import type { Value } from '../../graph/ir.ts';
import type { Parameters, Renaming } from './parameters.ts';

export interface Family<Config = unknown> {
  /** Values of `model_type` in config.json. */
  readonly modelTypes: readonly string[];
  /** The part of config.json that the graph is made from. */
  readonly config: z.ZodType<Config>;
  /** Names that older releases of `transformers` gave to the same tensors. */
  readonly renaming: Renaming;
  /** The encoder's prefix in the state dict. */
  readonly prefix: (modelType: string) => string;
  /** Path of the classification head. */
  readonly head: string;
  /** Height and width of the images. */
  readonly imageSize: (config: Config) => number;
  /** Writes the encoder: pixels [B, 3, height, width] → features [B, n] that the head reads. */
  readonly features: (site: FamilySite<Config>) => Value;
}

export interface FamilySite<Config> {
  readonly config: Config;
  readonly prefix: string;
  readonly pixels: Value;
  /** A frozen parameter by its canonical name. */
  readonly parameter: (name: string, shape: readonly number[]) => Value;
  readonly has: Parameters['has'];
}

export function defineFamily<Config>(family: Family<Config>): Family {
  return family as unknown as Family;
}
