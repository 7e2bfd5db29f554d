/** What an exported detector finds in the validation images of a dataset, as `ultralytics val` scores it. */
import { decodeImage } from '../../data/decode-image.ts';
import { letterbox, letterboxOf } from '../../data/detection/letterbox.ts';
import type { Boxes, DetectionSample } from '../../data/dataset.ts';
import type { Size } from '../../data/rectangle.ts';
import { openAnyDataset } from '../../data/open-dataset.ts';
import type { DecodedDetector, ScoreDetector } from '../../export/detector/score.ts';
import { InputError } from '../../shared/errors.ts';
import { trainingSchema } from '../../shared/job.ts';
import { decodedDetections, VALIDATION } from './candidates.ts';
import type { Detections, Truth } from './detections.ts';
import { Matches } from './matches.ts';
import { ultralyticsPrecision } from './ultralytics-precision.ts';

/** Two models run on each, one image at a time: a large model takes a quarter of an hour for these. */
const MAX_IMAGES = 1000;

/** What decides which images are held out where a dataset has no validation split. */
export interface HeldOut {
  readonly validationShare: number;
  readonly seed: number;
}

/** Reads the dataset when it is asked. Images that cannot be read are left out. */
export function validationScore(path: string, heldOut: HeldOut = trainingSchema.parse({})): ScoreDetector {
  return async (detector) => {
    const dataset = await openAnyDataset(path, heldOut);
    if (dataset.task !== 'detection') return null;
    const labels = dataset.classes.map((name) => detector.labels.indexOf(name));
    if (labels.includes(-1)) return null;
    const matches = new Matches(detector.labels.length);
    let images = 0;
    for (const sample of dataset.splits.validation.slice(0, MAX_IMAGES)) {
      const seen = await look(detector, sample);
      if (seen === null) continue;
      matches.add(seen.found, truthIn(sample.boxes, labels, seen.size, detector.side));
      images += 1;
    }
    const { map50, map, precision, recall, f1 } = ultralyticsPrecision(matches);
    return images === 0 ? null : { score: { map50, map, precision, recall, f1 }, images };
  };
}

async function look(
  detector: DecodedDetector,
  { path }: DetectionSample,
): Promise<{ readonly found: Detections; readonly size: Size } | null> {
  const { side, isEndToEnd } = detector;
  try {
    const image = await decodeImage(path);
    const data = letterbox(image, side);
    const { values, anchors } = await detector.run({ dtype: 'uint8', shape: [1, side, side, 3], data });
    const options = { ...VALIDATION, overlap: isEndToEnd ? null : VALIDATION.overlap };
    return { found: decodedDetections(values, anchors, options), size: image };
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

/** From parts of the image to pixels of its letterboxed picture. */
function truthIn({ labels, corners }: Boxes, numbers: readonly number[], size: Size, side: number): Truth {
  const { left, top, scaleX, scaleY } = letterboxOf(size, side);
  return {
    labels: labels.map((label) => numbers[label]!),
    boxes: corners.map((part, i) =>
      i % 2 === 0 ? left + part * size.width * scaleX : top + part * size.height * scaleY,
    ),
  };
}
