import { mul as times } from '../build.ts';
import { defineBinary } from '../elementwise.ts';

export const mul = defineBinary('Mul', {
  gradients: [(_a, b, _y, dy) => times(dy, b), (a, _b, _y, dy) => times(dy, a)],
});
