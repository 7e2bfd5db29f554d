import { defineExtremumReduction } from '../extremum.ts';

export const reduceMax = defineExtremumReduction('ReduceMax');
