/** Every family of Hugging Face models, one line each. */
import type { Family } from './family.ts';
import { vit } from './vit.ts';

export const FAMILIES: readonly Family[] = [vit];
