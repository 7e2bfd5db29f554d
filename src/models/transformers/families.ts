/** Every family of Hugging Face models, one line each. */
import { dinov2 } from './dinov2.ts';
import type { Family } from './family.ts';
import { resnet } from './resnet.ts';
import { deit, vit } from './vit.ts';

export const FAMILIES: readonly Family[] = [deit, dinov2, resnet, vit];
