/** A detector's export beside base + adapter on the same images: how far boxes and scores are apart, and what each finds surest. */
import type { Program } from '../../engines/engine.ts';
import type { Preprocessing } from '../../shared/preprocessing.ts';
import { inputSize } from '../../shared/preprocessing.ts';
import type { Comparison } from '../compare.ts';
import { latencyOf } from '../compare.ts';
import type { Images } from '../format.ts';
import { pixelsOf } from '../pixels.ts';
import { INPUT, OUTPUT } from './decoded.ts';

export interface DetectorComparison extends Comparison {
  /** Of a box's centre or size, in parts of the image's side. */
  readonly boxes: number;
  /** The reference's largest raw output in magnitude: what rounding grows with. */
  readonly largestRaw: number;
}

const COORDINATES = 4;

export async function compareDetector(
  reference: Program,
  exported: Program,
  images: Images,
  preprocessing: Preprocessing,
): Promise<DetectorComparison> {
  const { width, height } = inputSize(preprocessing);
  const count = images.shape[0]!;
  const seen = { boxes: 0, largest: 0, squares: 0, scores: 0, surest: 0, same: 0, raw: 0 };
  for (let image = 0; image < count; image++) {
    const fed = { [INPUT]: pixelsOf(images, preprocessing, image, image + 1) };
    const { [OUTPUT]: expected, ...raw } = await reference.run(fed);
    const { [OUTPUT]: actual } = await exported.run(fed);
    const [wanted, given] = [expected!.data as Float32Array, actual!.data as Float32Array];
    for (const { data } of Object.values(raw))
      for (const value of data as Float32Array) seen.raw = Math.max(seen.raw, Math.abs(value));
    const boxes = COORDINATES * expected!.shape[2]!;
    for (const [index, value] of wanted.entries()) {
      const distance = Math.abs(given[index]! - value);
      // NaN must not pass as no difference.
      const off = Number.isFinite(distance) ? distance : Infinity;
      if (index < boxes) {
        seen.boxes = Math.max(seen.boxes, off / Math.max(width, height));
        continue;
      }
      seen.largest = Math.max(seen.largest, off);
      seen.squares += off ** 2;
      seen.scores += 1;
      seen.surest = Math.max(seen.surest, value);
    }
    if (surest(wanted, boxes) === surest(given, boxes)) seen.same += 1;
  }
  const one = { [INPUT]: pixelsOf(images, preprocessing, 0, 1) };
  return {
    boxes: seen.boxes,
    largestRaw: seen.raw,
    difference: { largest: seen.largest, typical: Math.sqrt(seen.squares / seen.scores), largestLogit: seen.surest },
    agreement: seen.same / count,
    changed: 0,
    latency: { exported: await latencyOf(exported, one), reference: await latencyOf(reference, one) },
  };
}

/** The place of the highest score. */
function surest(output: Float32Array, from: number): number {
  let best = from;
  for (let index = from; index < output.length; index++) if (output[index]! > output[best]!) best = index;
  return best;
}
