/** Scores a detector on a split, as `ultralytics val` does: mean average precision, precision and recall, per class, and images to look at. */
import type { DetectionBatch } from '../../data/detection/detection-batches.ts';
import { letterboxOf } from '../../data/detection/letterbox.ts';
import { uprightSize } from '../../data/image-size.ts';
import type { DetectionSample } from '../../data/dataset.ts';
import type { Size } from '../../data/rectangle.ts';
import type { DetectionScore, LossParts } from '../../shared/run/events.ts';
import type { ShownDetections } from '../../shared/run/samples.ts';
import type { Evaluation } from '../task.ts';
import type { Detections, Truth } from './detections.ts';
import { TARGET_COLUMNS } from './assign.ts';
import { LIMITS, Matches } from './matches.ts';
import { qualityOf } from './quality.ts';
import { type UltralyticsPrecision, ultralyticsPrecision } from './ultralytics-precision.ts';

/** Images shown of an evaluation: a screenful. */
const SHOWN = 24;
/** Detections that are shown have more, and of an image no more than these. */
const SHOWN_CONFIDENCE = 0.25;
const SHOWN_DETECTIONS = 50;
const SHOWN_OPTIONS = { confidence: SHOWN_CONFIDENCE, limit: SHOWN_DETECTIONS };

export interface Scored {
  readonly sample: DetectionSample;
  readonly found: Detections;
  readonly truth: Truth;
}

/** What the boxes of one image of a batch are, in pixels of the picture. */
export function truthOf({ counts, rows }: DetectionBatch, place: number): Truth {
  const count = counts[place]!;
  const capacity = rows.length / counts.length;
  const own = rows.subarray(place * capacity, place * capacity + count * TARGET_COLUMNS);
  return {
    labels: Int32Array.from({ length: count }, (_, i) => own[i * TARGET_COLUMNS]!),
    boxes: Float32Array.from({ length: 4 * count }, (_, i) => own[Math.floor(i / 4) * TARGET_COLUMNS + 1 + (i % 4)]!),
  };
}

export async function evaluationOf(
  scored: readonly Scored[],
  { parts, classes, side }: { parts: LossParts | undefined; classes: readonly string[]; side: number },
): Promise<Evaluation> {
  const matches = new Matches(classes.length);
  for (const { found, truth } of scored) matches.add(found, truth);
  const precision = ultralyticsPrecision(matches);
  const images = classes.map(() => 0);
  for (const { truth } of scored) for (const label of new Set(truth.labels)) images[label]! += 1;
  return {
    loss: parts === undefined ? NaN : parts.box! + parts.cls! + parts.dfl!,
    ...(parts && { parts }),
    accuracy: null,
    detection: scoreOf(precision),
    images: scored.length,
    perClass: classes.map((_, label) => {
      const own = precision.perClass.find((candidate) => candidate.label === label);
      return {
        accuracy: null,
        images: images[label]!,
        ...(own && { detection: scoreOf({ ...own, map50: own.ap50, map: own.ap }) }),
      };
    }),
    samples: {
      samples: [],
      detections: await shown(scored, classes, side),
      quality: qualityOf(scored, precision, classes),
    },
  };
}

function scoreOf({
  map50,
  map,
  precision,
  recall,
  f1,
}: Omit<UltralyticsPrecision, 'perClass' | 'confidence'>): DetectionScore {
  return { map50, map, precision, recall, f1 };
}

/** The worst first, by what was missed and what was found where nothing is. */
async function shown(scored: readonly Scored[], classes: readonly string[], side: number): Promise<ShownDetections[]> {
  const worst = scored
    .map((image) => ({ image, score: imageScore(image, classes.length) }))
    .sort((a, b) => (a.score ?? 1) - (b.score ?? 1))
    .slice(0, SHOWN);
  return await Promise.all(
    worst.map(async ({ image: { sample, found }, score }) => ({
      file: sample.path,
      score,
      truth: Array.from(sample.boxes.labels, (label, i) => ({
        label: classes[label]!,
        box: cornersAt(sample.boxes.corners, i),
      })),
      found: shownDetections(found, { classes, size: await uprightSize(sample.path), side, ...SHOWN_OPTIONS }),
    })),
  );
}

interface ShownOf {
  readonly classes: readonly string[];
  /** Of the upright image, and the side of the picture that it was brought to, in pixels. */
  readonly size: Size;
  readonly side: number;
  /** Detections that are shown have more, and are no more than these. */
  readonly confidence: number;
  readonly limit: number;
}

/** Found boxes in parts of the image, the best first. */
export function shownDetections(
  { boxes, labels, scores }: Detections,
  { classes, size, side, confidence: least, limit }: ShownOf,
): ShownDetections['found'] {
  const inImage = imageCorners(boxes, size, side);
  return Array.from(labels, (label, i) => ({
    label: classes[label]!,
    confidence: scores[i]!,
    box: cornersAt(inImage, i),
  }))
    .filter(({ confidence }) => confidence > least)
    .slice(0, limit);
}

/** From pixels of a letterboxed picture to parts of the image in it. */
function imageCorners(boxes: Float32Array, size: Size, side: number): Float32Array {
  const { left, top, scaleX, scaleY } = letterboxOf(size, side);
  return boxes.map((value, i) => {
    const inParts = i % 2 === 0 ? (value - left) / (scaleX * size.width) : (value - top) / (scaleY * size.height);
    return Math.min(Math.max(inParts, 0), 1);
  });
}

function cornersAt(corners: Float32Array, index: number): [number, number, number, number] {
  return Array.from(corners.subarray(4 * index, 4 * index + 4)) as [number, number, number, number];
}

/** F1 at IoU 0.5 of what is shown. */
function imageScore({ found, truth }: Scored, classes: number): number | null {
  const counted = found.scores.findLastIndex((score) => score > SHOWN_CONFIDENCE) + 1;
  const matches = new Matches(classes);
  const seen = {
    boxes: found.boxes.subarray(0, 4 * counted),
    labels: found.labels.subarray(0, counted),
    scores: found.scores.subarray(0, counted),
  };
  matches.add(seen, truth);
  const right = matches.classes.flatMap((own) => own.matches).filter((match) => (match.right & AT_HALF) !== 0).length;
  return counted + truth.labels.length === 0 ? null : (2 * right) / (counted + truth.labels.length);
}

/** The bit of IoU 0.5. */
const AT_HALF = 1 << LIMITS.indexOf(0.5);
