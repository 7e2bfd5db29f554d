/** What is known of each ONNX operator, by its name. A new one is one entry in the group it belongs to. */
import { ACTIVATIONS } from './activations.ts';
import { ARITHMETIC } from './arithmetic.ts';
import { COMPARISONS } from './comparisons.ts';
import { CONSTANTS } from './constants.ts';
import { INDEXING } from './indexing.ts';
import { LAYERS } from './layers.ts';
import { MOVEMENT } from './movement.ts';
import { NORMALIZATIONS } from './normalizations.ts';
import { POOLING } from './pooling.ts';
import { REDUCTIONS } from './reductions.ts';
import type { Translator } from './site.ts';

export const TRANSLATORS: ReadonlyMap<string, Translator> = new Map(
  [
    ACTIVATIONS,
    ARITHMETIC,
    COMPARISONS,
    CONSTANTS,
    INDEXING,
    LAYERS,
    MOVEMENT,
    NORMALIZATIONS,
    POOLING,
    REDUCTIONS,
  ].flatMap((group) => Object.entries(group)),
);
