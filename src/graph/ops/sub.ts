import { neg } from '../build.ts';
import { defineBinary } from '../elementwise.ts';

export const sub = defineBinary('Sub', { gradients: [(_a, _b, _y, dy) => dy, (_a, _b, _y, dy) => neg(dy)] });
