/** Images as a model's input, and images to compare with where there is no dataset. */
import type { Tensor } from '../graph/tensor.ts';
import { inputSize } from '../shared/preprocessing.ts';
import type { Preprocessing } from '../shared/preprocessing.ts';
import { Random } from '../shared/random.ts';
import type { Images } from './format.ts';

/** Images `from` to `to`, normalised: float32 [n, 3, height, width]. */
export function pixelsOf(
  { shape, data }: Images,
  { mean, std }: Preprocessing,
  from: number,
  to: number,
): Tensor<'float32'> {
  const [, height, width] = shape as readonly [number, number, number, number];
  const area = height * width;
  const pixels = new Float32Array((to - from) * 3 * area);
  for (let channel = 0; channel < 3; channel++) {
    // One division a byte value instead of one a pixel.
    const table = Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - mean[channel]!) / std[channel]!);
    for (let image = from; image < to; image++) {
      const target = ((image - from) * 3 + channel) * area;
      const source = image * area * 3 + channel;
      for (let pixel = 0; pixel < area; pixel++) pixels[target + pixel] = table[data[source + 3 * pixel]!]!;
    }
  }
  return { dtype: 'float32', shape: [to - from, 3, height, width], data: pixels };
}

/** The images whose number `keep` says yes to. */
export function picked({ shape, data }: Images, keep: (image: number) => boolean): Images {
  const [count, ...image] = shape as readonly [number, number, number, number];
  const size = data.length / Math.max(1, count);
  const chosen = Array.from({ length: count }, (_, index) => index).filter(keep);
  const kept = new Uint8Array(chosen.length * size);
  chosen.forEach((source, index) => {
    kept.set(data.subarray(source * size, (source + 1) * size), index * size);
  });
  return { dtype: 'uint8', shape: [chosen.length, ...image], data: kept };
}

/** Squares of one colour in an image of noise. */
const SQUARES = 6;

/** Images with edges and plain areas, the same each time. */
export function noiseImages(preprocessing: Preprocessing, count: number): Images {
  const { height, width } = inputSize(preprocessing);
  const random = new Random(0).fork('noise');
  const data = new Uint8Array(count * height * width * 3);
  for (let image = 0; image < count; image++) {
    const colours = Uint8Array.from({ length: SQUARES ** 2 * 3 }, () => random.uniform(0, 256));
    for (let y = 0; y < height; y++) {
      const row = Math.floor((y * SQUARES) / height) * SQUARES;
      for (let x = 0; x < width; x++) {
        const square = (row + Math.floor((x * SQUARES) / width)) * 3;
        data.set(colours.subarray(square, square + 3), ((image * height + y) * width + x) * 3);
      }
    }
  }
  return { dtype: 'uint8', shape: [count, height, width, 3], data };
}
