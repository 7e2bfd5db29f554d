/** CIoU (overlap.ts) of boxes in a graph: of each predicted one with each true one that it broadcasts with. */
import { add, atan, div, maximum, minimum, mul, relu, stopGradient, sub } from '../../graph/build.ts';
import type { Value } from '../../graph/ir.ts';
import { EPSILON, PROPORTION } from './overlap.ts';

/** x and y of the first corner, x and y of the last. */
export type Sides = readonly [x1: Value, y1: Value, x2: Value, y2: Value];

const square = (x: Value): Value => mul(x, x);

export function completeIouOf([x1, y1, x2, y2]: Sides, [X1, Y1, X2, Y2]: Sides): Value {
  const [width, height] = [sub(x2, x1), add(sub(y2, y1), EPSILON)];
  const [trueWidth, trueHeight] = [sub(X2, X1), add(sub(Y2, Y1), EPSILON)];
  const shared = mul(relu(sub(minimum(x2, X2), maximum(x1, X1))), relu(sub(minimum(y2, Y2), maximum(y1, Y1))));
  const union = add(sub(add(mul(width, height), mul(trueWidth, trueHeight)), shared), EPSILON);
  const iou = div(shared, union);
  const around = add(square(sub(maximum(x2, X2), minimum(x1, X1))), square(sub(maximum(y2, Y2), minimum(y1, Y1))));
  const distance = add(square(sub(add(X1, X2), add(x1, x2))), square(sub(add(Y1, Y2), add(y1, y2))));
  const apart = div(mul(distance, 0.25), add(around, EPSILON));
  const turn = sub(atan(div(trueWidth, trueHeight)), atan(div(width, height)));
  const proportion = mul(square(turn), PROPORTION);
  const alpha = stopGradient(div(proportion, add(sub(proportion, iou), 1 + EPSILON)));
  return sub(sub(iou, apart), mul(alpha, proportion));
}
