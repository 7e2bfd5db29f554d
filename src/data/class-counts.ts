/** Judges a dataset by how many samples each class has in each split. */
import { type ClassCount, type Findings, SPLITS } from '../shared/dataset-report.ts';
import type { Dataset } from './dataset.ts';

/** From fewer images than this a class is hardly learned. */
const FEW_IMAGES = 5;
/** Beyond this, the largest class dominates the loss and class weights are worth a try. */
const LARGE_IMBALANCE = 10;
/** A dataset of thousands of classes is not told class by class. */
const MAX_NAMES = 5;

export function countClasses({ classes, splits }: Dataset): ClassCount[] {
  const counts = classes.map((name) => ({ name, train: 0, validation: 0, test: 0 }));
  for (const split of SPLITS) for (const { label } of splits[split]) counts[label]![split]++;
  return counts;
}

/** Images of the largest class over those of the smallest, in the training split; null where a class has none. */
export function imbalanceOf(counts: readonly ClassCount[]): number | null {
  const [least, most] = extremes(counts.map(({ train }) => train));
  return least > 0 && Number.isFinite(least) ? most / least : null;
}

export function judgeClasses(dataset: Dataset): Findings {
  const counts = countClasses(dataset);
  const { root: file, splits } = dataset;
  const fatal: string[] = [];
  const warnings: string[] = [];
  const found = (): Findings => ({
    fatal: fatal.map((message) => ({ file, message })),
    warnings: warnings.map((message) => ({ file, message })),
  });
  const named = (condition: (count: ClassCount) => boolean): string => listOf(counts.filter(condition));

  if (counts.length < 2)
    fatal.push(`${counts.length === 0 ? 'no class' : `only one class (${counts[0]!.name})`}; at least two are needed`);
  const empty = named(({ train, validation, test }) => train + validation + test === 0);
  if (empty !== '') fatal.push(`no images in ${empty}; add some or remove it`);
  const unseen = named(({ train, validation, test }) => train === 0 && validation + test > 0);
  if (unseen !== '')
    fatal.push(`no training images in ${unseen}, but validation or test images; add some or remove it`);
  if (splits.validation.length === 0)
    fatal.push('no validation images; add some, or remove the folder to hold out training images');
  if (fatal.length > 0) return found();

  for (const split of ['validation', 'test'] as const) {
    const missing = splits[split].length === 0 ? '' : named((count) => count[split] === 0);
    if (missing !== '') warnings.push(`no ${split} images in ${missing}; its accuracy cannot be told`);
  }
  const few = named(({ train }) => train < FEW_IMAGES);
  if (few !== '') warnings.push(`fewer than ${FEW_IMAGES} training images in ${few}; add some`);
  const imbalance = imbalanceOf(counts) ?? 1;
  if (imbalance > LARGE_IMBALANCE) {
    const ratio = Math.round(imbalance);
    warnings.push(
      `the largest class has ${ratio} times the training images of the smallest; try classWeights: balanced`,
    );
  }
  return found();
}

function listOf(counts: readonly ClassCount[]): string {
  const names = counts.slice(0, MAX_NAMES).map(({ name }) => `class ${name}`);
  const more = counts.length > MAX_NAMES ? ` and ${counts.length - MAX_NAMES} more` : '';
  return names.join(', ') + more;
}

function extremes(values: readonly number[]): [least: number, most: number] {
  return values.reduce<[number, number]>(([least, most], v) => [Math.min(least, v), Math.max(most, v)], [Infinity, 0]);
}
