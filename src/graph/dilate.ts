/** Zeros between the elements of one axis: what the gradient of every strided read needs. */
import { pad, reshape, slice } from './build.ts';
import type { Value } from './ir.ts';
import { known } from './shape.ts';

/** [a, b, c] → [a, 0, b, 0, c] for step 2. */
export function dilate(x: Value, axis: number, step: number): Value {
  if (step === 1) return x;
  const count = known(x.shape[axis], 'a dilated axis');
  const [outer, inner] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const column = reshape(x, [...outer, count, 1, ...inner]);
  const after = column.shape.map((_, index) => (index === axis + 1 ? step - 1 : 0));
  const spread = pad(
    column,
    column.shape.map(() => 0),
    after,
  );
  return slice(reshape(spread, [...outer, count * step, ...inner]), axis, 0, (count - 1) * step + 1);
}

/** Reversed along one axis. */
export function flip(x: Value, axis: number): Value {
  return slice(x, axis, 0, known(x.shape[axis], 'a reversed axis'), -1);
}
