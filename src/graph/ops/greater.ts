import { defineComparison } from '../elementwise.ts';

export const greater = defineComparison('Greater');
