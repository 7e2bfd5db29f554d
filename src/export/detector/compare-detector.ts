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
  /** Of a box's centre or size where the reference finds something, in parts of the image's side. */
  readonly boxes: number;
  /** The reference's largest raw output in magnitude: what rounding grows with. */
  readonly largestRaw: number;
}

const COORDINATES = 4;
/** What people look at. Boxes of anchors that find nothing are nobody's, and the least certain of all. */
const CONFIDENT = 0.25;

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
    const wanted = answersOf(expected!);
    const given = answersOf(actual!);
    for (const { data } of Object.values(raw))
      for (const value of data as Float32Array) seen.raw = Math.max(seen.raw, Math.abs(value));
    seen.boxes = Math.max(seen.boxes, boxDistance(wanted, given) / Math.max(width, height));
    for (const [index, value] of wanted.scores.entries()) {
      const off = distance(given.scores[index]!, value);
      seen.largest = Math.max(seen.largest, off);
      seen.squares += off ** 2;
    }
    seen.scores += wanted.scores.length;
    const [before, after] = [surest(wanted.scores), surest(given.scores)];
    seen.surest = Math.max(seen.surest, wanted.scores[before]!);
    if (before === after) seen.same += 1;
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

/** Of one image. */
interface Answers {
  readonly anchors: number;
  /** `[4, anchors]`, in pixels. */
  readonly boxes: Float32Array;
  /** `[classes, anchors]`, 0…1. */
  readonly scores: Float32Array;
}

function answersOf({ data, shape }: Awaited<ReturnType<Program['run']>>[string]): Answers {
  const anchors = shape[2]!;
  const values = data as Float32Array;
  return {
    anchors,
    boxes: values.subarray(0, COORDINATES * anchors),
    scores: values.subarray(COORDINATES * anchors),
  };
}

/** The largest among the anchors that find something; the surest does, however unsure it is. */
function boxDistance(wanted: Answers, given: Answers): number {
  const { anchors, scores, boxes } = wanted;
  const least = Math.min(CONFIDENT, scores[surest(scores)]!);
  let largest = 0;
  for (let anchor = 0; anchor < anchors; anchor++) {
    let finds = false;
    for (let at = anchor; at < scores.length; at += anchors) finds ||= scores[at]! >= least;
    if (!finds) continue;
    for (let at = anchor; at < boxes.length; at += anchors)
      largest = Math.max(largest, distance(given.boxes[at]!, boxes[at]!));
  }
  return largest;
}

/** NaN must not pass as no difference. */
function distance(a: number, b: number): number {
  const off = Math.abs(a - b);
  return Number.isFinite(off) ? off : Infinity;
}

/** The place of the highest score. */
function surest(scores: Float32Array): number {
  let best = 0;
  for (let index = 1; index < scores.length; index++) if (scores[index]! > scores[best]!) best = index;
  return best;
}
