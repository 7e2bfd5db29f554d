import { defineExtremumReduction } from '../extremum.ts';

export const reduceMin = defineExtremumReduction('ReduceMin');
