import { defineExtremum } from '../extremum.ts';

export const max = defineExtremum('Max', 1);
