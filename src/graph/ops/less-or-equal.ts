import { defineComparison } from '../elementwise.ts';

export const lessOrEqual = defineComparison('LessOrEqual', { tensorflow: 'LessEqual' });
