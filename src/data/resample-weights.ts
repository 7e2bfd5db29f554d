/** The filters of resampling as numbers: for each pixel that comes out, which pixels go into it and by how much, as in Pillow's Resample.c. */
import type { Preprocessing } from '../shared/preprocessing.ts';

export type Interpolation = Preprocessing['interpolation'];

/** Leaves 8 bits for the pixel and 2 for the overshoot of the negative lobes in a signed 32-bit sum. */
export const PRECISION_BITS = 32 - 8 - 2;
/** A dataset has few distinct image sizes; random crops are all different, so the cache must not grow with them. */
const MAX_CACHED = 64;

const FILTERS: Readonly<
  Record<Exclude<Interpolation, 'nearest'>, { readonly support: number; readonly weigh: (x: number) => number }>
> = {
  bilinear: { support: 1, weigh: (x) => Math.max(1 - Math.abs(x), 0) },
  bicubic: { support: 2, weigh: (x) => cubic(Math.abs(x)) },
  lanczos: { support: 3, weigh: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** For each output pixel along one axis: the first input pixel, how many follow, and `taps` weights of which as many count. */
export interface Weights {
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  readonly weights: Int32Array;
  readonly taps: number;
}

const cache = new Map<string, Weights>();

export function weightsFor(from: number, to: number, interpolation: keyof typeof FILTERS): Weights {
  const key = `${interpolation} ${from} ${to}`;
  let weights = cache.get(key);
  if (weights === undefined) {
    weights = computeWeights(from, to, interpolation);
    const [oldest] = cache.keys();
    if (cache.size >= MAX_CACHED && oldest !== undefined) cache.delete(oldest);
    cache.set(key, weights);
  }
  return weights;
}

function computeWeights(from: number, to: number, interpolation: keyof typeof FILTERS): Weights {
  const { support, weigh } = FILTERS[interpolation];
  const scale = from / to;
  const widening = Math.max(scale, 1);
  const reach = support * widening;
  const taps = Math.ceil(reach) * 2 + 1;
  const starts = new Int32Array(to);
  const counts = new Int32Array(to);
  const weights = new Int32Array(to * taps);
  const exact = new Float64Array(taps);
  for (let out = 0; out < to; out++) {
    const centre = (out + 0.5) * scale;
    const start = Math.max(Math.trunc(centre - reach + 0.5), 0);
    const count = Math.min(Math.trunc(centre + reach + 0.5), from) - start;
    let sum = 0;
    for (let i = 0; i < count; i++) sum += exact[i] = weigh((i + start - centre + 0.5) * (1 / widening));
    for (let i = 0; i < count; i++) {
      const weight = (sum === 0 ? exact[i]! : exact[i]! / sum) * (1 << PRECISION_BITS);
      weights[out * taps + i] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
    starts[out] = start;
    counts[out] = count;
  }
  return { starts, counts, weights, taps };
}

/** Keys' cubic convolution with a = −1/2, for x ≥ 0. */
function cubic(x: number): number {
  const a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}
