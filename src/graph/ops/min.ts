import { defineExtremum } from '../extremum.ts';

export const min = defineExtremum('Min', -1);
