import { defineComparison } from '../elementwise.ts';

export const less = defineComparison('Less');
