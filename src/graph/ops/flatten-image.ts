import { reshape } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { elements, ShapeError } from '../shape.ts';
import type { Shape } from '../shape.ts';

/** x [N, C, ...] → [N, C, pixels]. Unlike a Reshape it holds for another number of channels, which a head for other classes brings. */
export const flattenImage = defineOp<[x: Value]>({
  name: 'FlattenImage',
  shape: ([x]) => [like(x, flattened(x.shape))],
  expand: ({ inputs: [x] }) => [reshape(x, flattened(x.shape))],
  cases: [{ inputs: [[2, 3, 2, 4]] }, { inputs: [[1, 2, 3]] }, { inputs: [[2, 3]], why: 'one pixel' }],
});

function flattened(shape: Shape): Shape {
  const [images, channels, ...pixels] = shape;
  if (images === undefined || channels === undefined) throw new ShapeError('is no image with channels');
  return [images, channels, elements(pixels)];
}
