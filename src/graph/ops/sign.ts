import { AROUND_ZERO, defineUnary } from '../elementwise.ts';

export const sign = defineUnary('Sign', { cases: AROUND_ZERO });
