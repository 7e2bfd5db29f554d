/** Counts the boxes of a detection dataset, and judges it by them. */
import {
  type BoxStatistics,
  type ClassCount,
  type Findings,
  type SplitName,
  SPLITS,
} from '../../shared/dataset-report.ts';
import type { DetectionDataset, DetectionSample } from '../dataset.ts';
import { rangeOf } from '../judge-images.ts';

/** From fewer boxes than this a class is hardly learned. */
const FEW_BOXES = 20;
/** Beyond this, an image is mostly nothing to learn from; Ultralytics advises a tenth. */
const MANY_BACKGROUNDS = 0.5;
/** A dataset of hundreds of classes is not told class by class. */
const MAX_NAMES = 5;

/** Images that show a class at least once. */
export function countShown(dataset: DetectionDataset): ClassCount[] {
  return countBy(dataset, ({ boxes }) => new Set(boxes.labels));
}

function countBoxes(dataset: DetectionDataset): ClassCount[] {
  return countBy(dataset, ({ boxes }) => boxes.labels);
}

function countBy(
  { classes, splits }: DetectionDataset,
  labelsOf: (sample: DetectionSample) => Iterable<number>,
): ClassCount[] {
  const counts = classes.map((name) => ({ name, train: 0, validation: 0, test: 0 }));
  for (const split of SPLITS)
    for (const sample of splits[split]) for (const label of labelsOf(sample)) counts[label]![split]++;
  return counts;
}

export function boxStatistics(dataset: DetectionDataset): BoxStatistics {
  const { splits } = dataset;
  const bySplit = (count: (samples: readonly DetectionSample[]) => number): Record<SplitName, number> => ({
    train: count(splits.train),
    validation: count(splits.validation),
    test: count(splits.test),
  });
  const numbers = SPLITS.flatMap((split) => splits[split].map(({ boxes }) => boxes.labels.length)).filter(Boolean);
  return {
    classes: countBoxes(dataset),
    counts: bySplit((samples) => samples.reduce((sum, { boxes }) => sum + boxes.labels.length, 0)),
    backgrounds: bySplit((samples) => samples.filter(({ boxes }) => boxes.labels.length === 0).length),
    perImage: rangeOf(numbers),
  };
}

export function judgeBoxes(dataset: DetectionDataset): Findings {
  const { root: file, splits, classes, kind } = dataset;
  const fatal: string[] = [];
  const warnings: string[] = [];
  const found = (): Findings => ({
    fatal: fatal.map((message) => ({ file, message })),
    warnings: warnings.map((message) => ({ file, message })),
  });
  const { counts, backgrounds } = boxStatistics(dataset);
  if (classes.length === 0) fatal.push(`no class is named${kind === 'yolo' ? '; name them in data.yaml' : ''}`);
  if (counts.train === 0) {
    const what = kind === 'yolo' ? '; check that each image has its label file' : ' that can be used';
    fatal.push(`no training image has a box${what}`);
  }
  if (splits.validation.length === 0) fatal.push('no validation images; add some');
  else if (counts.validation === 0) fatal.push('no validation image has a box; nothing could be scored');
  if (fatal.length > 0) return found();

  const perClass = countBoxes(dataset);
  const unseen = named(perClass, ({ train }) => train === 0);
  if (unseen !== '') warnings.push(`no training box of ${unseen}; it cannot be learned`);
  const few = named(perClass, ({ train }) => train > 0 && train < FEW_BOXES);
  if (few !== '') warnings.push(`fewer than ${FEW_BOXES} training boxes of ${few}; add some`);
  const missing = named(perClass, ({ train, validation }) => train > 0 && validation === 0);
  if (missing !== '') warnings.push(`no validation box of ${missing}; its precision cannot be told`);
  const share = backgrounds.train / splits.train.length;
  if (share > MANY_BACKGROUNDS)
    warnings.push(`${backgrounds.train} of ${splits.train.length} training images have no box; a tenth is enough`);
  return found();
}

function named(counts: readonly ClassCount[], condition: (count: ClassCount) => boolean): string {
  const fitting = counts.filter(condition);
  if (fitting.length === 0) return '';
  const names = fitting.slice(0, MAX_NAMES).map(({ name }) => name);
  return (
    `${fitting.length > 1 ? 'classes' : 'class'} ${names.join(', ')}` +
    (fitting.length > MAX_NAMES ? ` and ${fitting.length - MAX_NAMES} more` : '')
  );
}
