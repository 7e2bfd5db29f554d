import { defineBinary } from '../elementwise.ts';

export const add = defineBinary('Add', {
  gradients: [(_a, _b, _y, dy) => dy, (_a, _b, _y, dy) => dy],
  tensorflow: 'AddV2',
});
