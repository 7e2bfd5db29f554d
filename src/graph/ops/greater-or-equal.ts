import { defineComparison } from '../elementwise.ts';

export const greaterOrEqual = defineComparison('GreaterOrEqual', { tensorflow: 'GreaterEqual' });
