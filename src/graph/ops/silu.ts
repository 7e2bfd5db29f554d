import { defineSwish } from '../swish.ts';

/** Swish with β = 1 (Elfwing et al. 2017). */
export const silu = defineSwish('Silu', 1);
