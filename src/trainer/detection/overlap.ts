/**
 * How well two boxes agree. IoU is the area they share over the area of both; CIoU (Zheng et al. 2020, "Distance-IoU Loss") takes off it
 * the squared distance of the centres over that of the enclosing box's diagonal, and a term for unlike proportions:
 * CIoU = IoU − ρ²/c² − αv, v = 4/π² (atan(w'/h') − atan(w/h))², α = v / (1 − IoU + v), α being a constant of the gradient.
 */

/** Corners: x and y of the first, x and y of the last, `x1 ≤ x2`, `y1 ≤ y2`. */
export type Corners = readonly [x1: number, y1: number, x2: number, y2: number];
export type MutableCorners = [x1: number, y1: number, x2: number, y2: number];

/** Keeps quotients of empty boxes finite. */
export const EPSILON = 1e-7;
export const PROPORTION = 4 / Math.PI ** 2;

/** Of boxes in arrays, each at its offset: what NMS and matching call by the million. */
export function iouAt(a: Float32Array, i: number, b: Float32Array, j: number): number {
  const [ax1, ay1, ax2, ay2] = [a[i]!, a[i + 1]!, a[i + 2]!, a[i + 3]!];
  const [bx1, by1, bx2, by2] = [b[j]!, b[j + 1]!, b[j + 2]!, b[j + 3]!];
  const width = Math.min(ax2, bx2) - Math.max(ax1, bx1);
  const height = Math.min(ay2, by2) - Math.max(ay1, by1);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / ((ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - shared);
}

/** CIoU of a predicted and a true box; where `gradient` is given, its derivative by the predicted corners is written there. */
export function completeIou([x1, y1, x2, y2]: Corners, [X1, Y1, X2, Y2]: Corners, gradient?: MutableCorners): number {
  const width = x2 - x1;
  const height = y2 - y1 + EPSILON;
  const [trueWidth, trueHeight] = [X2 - X1, Y2 - Y1 + EPSILON];
  const sharedWidth = Math.max(Math.min(x2, X2) - Math.max(x1, X1), 0);
  const sharedHeight = Math.max(Math.min(y2, Y2) - Math.max(y1, Y1), 0);
  const shared = sharedWidth * sharedHeight;
  const union = width * height + trueWidth * trueHeight - shared + EPSILON;
  const iou = shared / union;
  const aroundWidth = Math.max(x2, X2) - Math.min(x1, X1);
  const aroundHeight = Math.max(y2, Y2) - Math.min(y1, Y1);
  const diagonal = aroundWidth * aroundWidth + aroundHeight * aroundHeight + EPSILON;
  const [apartX, apartY] = [X1 + X2 - x1 - x2, Y1 + Y2 - y1 - y2];
  const distance = (apartX * apartX + apartY * apartY) / 4;
  const turn = Math.atan(trueWidth / trueHeight) - Math.atan(width / height);
  const proportion = PROPORTION * turn * turn;
  const alpha = proportion / (proportion - iou + 1 + EPSILON);
  if (gradient !== undefined) {
    const hypotenuse = width * width + height * height;
    // By the width and the height of the predicted box: the union and the proportion.
    const common = -2 * alpha * PROPORTION * turn;
    const byWidth = (-shared * height) / (union * union) - (common * height) / hypotenuse;
    const byHeight = (-shared * width) / (union * union) + (common * width) / hypotenuse;
    // By the shared area: it is in the numerator and, taken off, in the union.
    const byShared = (union + shared) / (union * union);
    const byDiagonal = distance / (diagonal * diagonal);
    const overlaps = sharedWidth > 0 && sharedHeight > 0;
    const along = (
      isFirst: boolean,
      own: number,
      other: number,
      sharedAcross: number,
      bySize: number,
      around: number,
      apart: number,
    ): number => {
      const moves = isFirst ? own > other : own < other;
      const sign = isFirst ? -1 : 1;
      const inner = overlaps && moves ? sign * sharedAcross * byShared : 0;
      const outer = moves ? 0 : sign * 2 * around * byDiagonal;
      return inner + sign * bySize + outer + apart / (2 * diagonal);
    };
    gradient[0] = along(true, x1, X1, sharedHeight, byWidth, aroundWidth, apartX);
    gradient[1] = along(true, y1, Y1, sharedWidth, byHeight, aroundHeight, apartY);
    gradient[2] = along(false, x2, X2, sharedHeight, byWidth, aroundWidth, apartX);
    gradient[3] = along(false, y2, Y2, sharedWidth, byHeight, aroundHeight, apartY);
  }
  return iou - distance / diagonal - alpha * proportion;
}
