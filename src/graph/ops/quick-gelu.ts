import { defineSwish } from '../swish.ts';

/** The sigmoid approximation of GELU that CLIP uses (Hendrycks & Gimpel 2016). */
export const quickGelu = defineSwish('QuickGelu', 1.702);
