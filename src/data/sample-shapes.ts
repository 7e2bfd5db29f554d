/** The classes of the sample dataset as signed distances: negative inside, in units of the shape's radius. */

type Point = readonly [x: number, y: number];
/** Signed distance of a point from the outline. */
export type Shape = (x: number, y: number) => number;

const disc =
  (radius: number, centre = 0): Shape =>
  (x, y) =>
    length(x - centre, y) - radius;

/** `count` corners on a circle, the radii taken in turn. */
function corners(count: number, ...radii: readonly number[]): Point[] {
  return Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * i) / count - Math.PI / 2;
    const radius = radii[i % radii.length]!;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

/** Distance to the nearest edge; inside where a ray to the right crosses the outline an odd number of times. */
function polygon(points: readonly Point[]): Shape {
  const edges = points.map(([ax, ay], i) => {
    const [bx, by] = points[(i + 1) % points.length]!;
    return { ax, ay, by, ex: bx - ax, ey: by - ay };
  });
  return (x, y) => {
    let nearest = Infinity;
    let inside = false;
    for (const { ax, ay, by, ex, ey } of edges) {
      const along = Math.min(Math.max(((x - ax) * ex + (y - ay) * ey) / (ex * ex + ey * ey), 0), 1);
      nearest = Math.min(nearest, length(x - ax - along * ex, y - ay - along * ey));
      if (ay > y !== by > y && x < ax + ((y - ay) / ey) * ex) inside = !inside;
    }
    return inside ? -nearest : nearest;
  };
}

/** `Math.hypot` guards against overflow, at many times the cost. */
function length(x: number, y: number): number {
  return Math.sqrt(x * x + y * y);
}

/** Half the width of the cross's bars. */
const BAR = 0.3;

const ring = disc(0.68);
const [moon, shadow] = [disc(0.85), disc(0.72, 0.42)];

/** In the order of their names, which is that of a dataset's classes. */
export const SHAPES = {
  arrow: polygon([
    [-0.95, -0.22],
    [0.05, -0.22],
    [0.05, -0.7],
    [0.95, 0],
    [0.05, 0.7],
    [0.05, 0.22],
    [-0.95, 0.22],
  ]),
  circle: disc(0.8),
  crescent: (x, y) => Math.max(moon(x, y), -shadow(x, y)),
  cross: polygon([
    [-BAR, -0.9],
    [BAR, -0.9],
    [BAR, -BAR],
    [0.9, -BAR],
    [0.9, BAR],
    [BAR, BAR],
    [BAR, 0.9],
    [-BAR, 0.9],
    [-BAR, BAR],
    [-0.9, BAR],
    [-0.9, -BAR],
    [-BAR, -BAR],
  ]),
  ring: (x, y) => Math.abs(ring(x, y)) - 0.2,
  square: polygon(corners(4, 0.98)),
  star: polygon(corners(10, 1, 0.42)),
  triangle: polygon(corners(3, 0.98)),
} as const satisfies Record<string, Shape>;

export type SampleClass = keyof typeof SHAPES;
export const SAMPLE_CLASSES = Object.keys(SHAPES) as readonly SampleClass[];
