/**
 * Draws the images of the detection sample: several shapes of the classification sample in one picture, with the box of each. Its domains
 * are those of that sample: `clean` is dark on plain paper, `shifted` textured, coloured and cluttered.
 */
import type { Random } from '../../shared/random.ts';
import {
  type Cover,
  filled,
  grey,
  line,
  paint,
  REACH,
  type SampleDomain,
  type Scene,
  textured,
  tinted,
} from '../sample-image.ts';
import { type SampleClass, SHAPES } from '../sample-shapes.ts';
import type { BoxRow } from './arrange.ts';

/** Width and height in pixels: a multiple of every stride. */
export const SCENE_SIDE = 160;

const MOST_SHAPES = 5;
const RADIUS = [9, 34] as const;
/** Shapes may touch, and hide little of each other. */
const LEAST_APART = 0.85;
const ATTEMPTS = 30;

interface Shape {
  readonly label: number;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly cover: Cover;
}

export interface DrawnScene {
  /** `[SCENE_SIDE, SCENE_SIDE, 3]`. */
  readonly pixels: Uint8Array;
  /** In pixels. */
  readonly boxes: readonly BoxRow[];
}

/** Labels are indices into `classes`. */
export function drawScene(domain: SampleDomain, classes: readonly SampleClass[], random: Random): DrawnScene {
  const shapes: Shape[] = [];
  for (let wanted = 1 + random.int(MOST_SHAPES); wanted > 0; wanted--) {
    const shape = placed(classes, domain, shapes, random);
    if (shape !== undefined) shapes.push(shape);
  }
  const scene = SCENES[domain](shapes, random);
  return { pixels: paint(scene, SCENE_SIDE, random), boxes: shapes.map(boxOf) };
}

const SCENES: Readonly<Record<SampleDomain, (shapes: readonly Shape[], random: Random) => Scene>> = {
  clean(shapes, random) {
    const paper = random.uniform(200, 250);
    return {
      ground: () => [paper, paper, paper],
      layers: shapes.map(({ cover }) => ({ cover, colour: grey(random.uniform(15, 90)) })),
      noise: random.uniform(2, 14),
      contrast: 1,
      brightness: 0,
    };
  },

  shifted(shapes, random) {
    const dark = random.uniform() < 0.6;
    const clutter = Array.from({ length: random.int(4) }, () => ({
      cover: line(random, SCENE_SIDE),
      colour: tinted(random, random.uniform(40, 215)),
    }));
    const level = (): number => (dark ? random.uniform(185, 250) : random.uniform(15, 70));
    return {
      ground: textured(random, dark ? [30, 100] : [140, 210]),
      layers: [...clutter, ...shapes.map(({ cover }) => ({ cover, colour: tinted(random, level()) }))],
      noise: random.uniform(3, 12),
      contrast: random.uniform(0.85, 1.1),
      brightness: random.uniform(-15, 15),
    };
  },
};

/** A shape that lies whole in the picture and hides no other; undefined where there is no room. */
function placed(
  classes: readonly SampleClass[],
  domain: SampleDomain,
  others: readonly Shape[],
  random: Random,
): Shape | undefined {
  const label = random.int(classes.length);
  const turn = domain === 'clean' ? random.uniform(0, 2 * Math.PI) : random.uniform(-0.3, 0.3);
  const stretch = random.uniform(0.88, 1.12);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const radius = random.uniform(...RADIUS);
    const room = REACH * radius;
    const [x, y] = [0, 1].map(() => random.uniform(room, SCENE_SIDE - room)) as [number, number];
    const isFree = others.every(
      (other) => Math.hypot(other.x - x, other.y - y) > LEAST_APART * REACH * (other.radius + radius),
    );
    if (isFree) return { label, x, y, radius, cover: covering(classes[label]!, { x, y, radius, turn, stretch }) };
  }
  return undefined;
}

interface Pose {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly turn: number;
  readonly stretch: number;
}

function covering(name: SampleClass, { x, y, radius, turn, stretch }: Pose): Cover {
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  return filled((column, row) => {
    const [dx, dy] = [(column + 0.5 - x) / radius, (row + 0.5 - y) / radius];
    // Far from the shape its exact distance costs much and shows nothing.
    const beyond = Math.max(Math.abs(dx), Math.abs(dy)) - REACH;
    if (beyond > 0.1) return radius * beyond;
    return radius * SHAPES[name]((cos * dx + sin * dy) * stretch, (cos * dy - sin * dx) / stretch);
  });
}

/** Around the pixels that the shape covers by half or more. */
function boxOf({ label, x, y, radius, cover }: Shape): BoxRow {
  const reach = Math.ceil(REACH * radius) + 1;
  let [x1, y1, x2, y2] = [SCENE_SIDE, SCENE_SIDE, 0, 0];
  for (let row = Math.max(Math.floor(y) - reach, 0); row < Math.min(y + reach, SCENE_SIDE); row++) {
    for (let column = Math.max(Math.floor(x) - reach, 0); column < Math.min(x + reach, SCENE_SIDE); column++) {
      if (cover(column, row) < 0.5) continue;
      [x1, x2] = [Math.min(x1, column), Math.max(x2, column + 1)];
      [y1, y2] = [Math.min(y1, row), Math.max(y2, row + 1)];
    }
  }
  return [label, x1, y1, x2, y2];
}
