/**
 * Draws the images of the sample dataset in two domains. `clean` is what the embedded base is trained on: a dark shape on plain
 * light ground. `shifted` stands for a user's own data: the same classes on textured and coloured ground, light on dark as often as
 * not, with clutter.
 */
import type { Random } from '../shared/random.ts';
import { type SampleClass, SHAPES } from './sample-shapes.ts';

export const SAMPLE_DOMAINS = ['clean', 'shifted'] as const;
export type SampleDomain = (typeof SAMPLE_DOMAINS)[number];

/** Width and height in pixels. */
export const SAMPLE_SIDE = 64;

type Colour = readonly [red: number, green: number, blue: number];
/** How much of a pixel is covered, 0…1. */
export type Cover = (x: number, y: number) => number;
interface Layer {
  readonly cover: Cover;
  readonly colour: Colour;
}
export interface Scene {
  readonly ground: (x: number, y: number) => Colour;
  /** From the back to the front. */
  readonly layers: readonly Layer[];
  /** Largest deviation of a pixel's noise. */
  readonly noise: number;
  readonly contrast: number;
  readonly brightness: number;
}

/** `[SAMPLE_SIDE, SAMPLE_SIDE, 3]`. */
export function drawImage(domain: SampleDomain, name: SampleClass, random: Random): Uint8Array {
  return paint(SCENES[domain](name, random), SAMPLE_SIDE, random);
}

/** `[side, side, 3]`. */
export function paint(
  { ground, layers, noise, contrast, brightness }: Scene,
  side: number,
  random: Random,
): Uint8Array {
  const pixels = new Uint8ClampedArray(side * side * 3);
  let to = 0;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++, to += 3) {
      let [red, green, blue] = ground(x, y);
      for (const { cover, colour } of layers) {
        const share = cover(x, y);
        red += share * (colour[0] - red);
        green += share * (colour[1] - green);
        blue += share * (colour[2] - blue);
      }
      const lift = 128 + brightness + noise * triangular(random);
      pixels[to] = contrast * (red - 128) + lift;
      pixels[to + 1] = contrast * (green - 128) + lift;
      pixels[to + 2] = contrast * (blue - 128) + lift;
    }
  }
  return new Uint8Array(pixels.buffer);
}

const SCENES: Readonly<Record<SampleDomain, (name: SampleClass, random: Random) => Scene>> = {
  clean(name, random) {
    const paper = random.uniform(200, 250);
    const shape = placed(name, random, { radius: [15, 24], play: 1, turn: [0, 2 * Math.PI] });
    return {
      ground: () => [paper, paper, paper],
      layers: [{ cover: filled(shape), colour: grey(random.uniform(15, 90)) }],
      noise: random.uniform(2, 14),
      contrast: 1,
      brightness: 0,
    };
  },

  // Fine-tuned on 80 images of each class, a net that knows `clean` must be able to learn this: hence shapes that lie less
  // freely, one line of clutter at most, and no outlines, which took 20 points of accuracy.
  shifted(name, random) {
    const dark = random.uniform() < 0.6;
    const shape = placed(name, random, { radius: [17, 25], play: 0.6, turn: [-0.3, 0.3] });
    const clutter = Array.from({ length: random.int(2) }, () => ({
      cover: line(random, SAMPLE_SIDE),
      colour: tinted(random, random.uniform(40, 215)),
    }));
    return {
      ground: textured(random, dark ? [30, 100] : [140, 210]),
      layers: [
        ...clutter,
        { cover: filled(shape), colour: tinted(random, dark ? random.uniform(185, 250) : random.uniform(15, 70)) },
      ],
      noise: random.uniform(3, 12),
      contrast: random.uniform(0.85, 1.1),
      brightness: random.uniform(-15, 15),
    };
  },
};

interface Placement {
  /** Range of the radius in pixels. */
  readonly radius: readonly [number, number];
  /** Share of the free space that the centre may use. */
  readonly play: number;
  /** Range of the rotation in radians. */
  readonly turn: readonly [number, number];
}

/** No shape reaches further from its centre than this, in radii. */
export const REACH = 1.15;

/** The distance in pixels from a shape of random place, size, direction and proportion; far from it, a lower bound. */
function placed(name: SampleClass, random: Random, { radius: range, play, turn }: Placement): Cover {
  const radius = random.uniform(...range);
  const middle = SAMPLE_SIDE / 2;
  const room = play * (middle - radius);
  const [centreX, centreY] = [middle + random.uniform(-room, room), middle + random.uniform(-room, room)];
  const angle = random.uniform(...turn);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const stretch = random.uniform(0.88, 1.12);
  return (x, y) => {
    const [dx, dy] = [(x + 0.5 - centreX) / radius, (y + 0.5 - centreY) / radius];
    const beyond = Math.max(Math.abs(dx), Math.abs(dy)) - REACH;
    if (beyond > 0.1) return radius * beyond;
    return radius * SHAPES[name]((cos * dx + sin * dy) * stretch, (cos * dy - sin * dx) / stretch);
  };
}

/** One pixel wide edges are smooth. */
export function filled(distance: Cover): Cover {
  return (x, y) => clamp(0.5 - distance(x, y));
}

/** A thin straight line anywhere across the image. */
export function line(random: Random, side: number): Cover {
  const angle = random.uniform(0, Math.PI);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const offset = random.uniform(0.1, 0.9) * side * (cos + sin);
  const halfWidth = random.uniform(0.3, 0.9);
  return (x, y) => clamp(0.5 + halfWidth - Math.abs(cos * x + sin * y - offset));
}

/** Two waves blend two colours of the same lightness, within `range`. */
export function textured(random: Random, range: readonly [number, number]): (x: number, y: number) => Colour {
  const lightness = random.uniform(...range);
  const [first, second] = [tinted(random, lightness - 14), tinted(random, lightness + 14)];
  const [one, other] = [wave(random), wave(random)];
  return (x, y) => {
    const share = clamp(0.5 + 0.28 * (one(x, y) + other(x, y)));
    return [mix(first[0], second[0], share), mix(first[1], second[1], share), mix(first[2], second[2], share)];
  };
}

function wave(random: Random): Cover {
  const frequency = (2 * Math.PI) / random.uniform(5, 40);
  const angle = random.uniform(0, 2 * Math.PI);
  const [right, down] = [frequency * Math.cos(angle), frequency * Math.sin(angle)];
  const phase = random.uniform(0, 2 * Math.PI);
  return (x, y) => Math.sin(right * x + down * y + phase);
}

export function grey(level: number): Colour {
  return [level, level, level];
}

/** A random hue of about the given lightness. */
export function tinted(random: Random, level: number): Colour {
  const hue = random.uniform(0, 2 * Math.PI);
  const strength = random.uniform(10, 45);
  const channel = (turn: number): number => level + strength * Math.cos(hue + (turn * 2 * Math.PI) / 3);
  return [channel(0), channel(1), channel(2)];
}

/** In (−1, 1) with a triangular density: noise at one draw a number. */
function triangular(random: Random): number {
  const bits = random.next();
  return ((bits & 0xffff) + (bits >>> 16)) / 0xffff - 1;
}

function mix(from: number, to: number, share: number): number {
  return from + share * (to - from);
}

function clamp(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}
