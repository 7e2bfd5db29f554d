/** Judges a dataset by its opened images: what cannot be read, and what lies in two places. */
import {
  type Finding,
  type Findings,
  type ImageFormat,
  type ImageStatistics,
  type Range,
  SPLITS,
} from '../shared/dataset-report.ts';
import type { OpenedSample } from './open-images.ts';
import type { AnyDataset } from './dataset.ts';
import { maxFaults } from './faults.ts';

/** Beyond these a count says as much; the statistics name all. */
const MAX_WARNINGS = 20;

export function judgeImages(
  dataset: AnyDataset,
  opened: readonly OpenedSample[],
): Findings & { readonly statistics: ImageStatistics } {
  const images = opened.flatMap(({ image }) => image ?? []);
  const unreadable = opened.filter(({ image }) => image === null);
  const duplicates = duplicatesOf(opened);
  const faults = judgeFaults(dataset, unreadable);
  const formats: Partial<Record<ImageFormat, number>> = {};
  for (const { format } of images) formats[format] = (formats[format] ?? 0) + 1;
  return {
    fatal: [...faults.fatal, ...lostClasses(dataset, opened)],
    warnings: [...faults.warnings, ...judgeDuplicates(dataset, duplicates)],
    statistics: {
      opened: opened.length,
      formats,
      width: rangeOf(images.map(({ width }) => width)),
      height: rangeOf(images.map(({ height }) => height)),
      unreadable: unreadable.map(({ path, fault }) => ({ file: path, message: fault })),
      duplicates: duplicates.map((group) => group.map(({ path }) => path)),
    },
  };
}

/** A handful in a split is skipped, as training does; more is fatal. */
function judgeFaults({ splits }: AnyDataset, unreadable: readonly OpenedSample[]): Findings {
  const fatal: Finding[] = [];
  const warnings: Finding[] = [];
  for (const split of SPLITS) {
    const faults = unreadable.filter((sample) => sample.split === split);
    const total = splits[split].length;
    const limit = maxFaults(total);
    if (faults.length > limit) {
      const { path, fault } = faults[0]!;
      const count = `${faults.length} of ${total} ${split} images cannot be read, at most ${limit} are skipped`;
      fatal.push({ file: path, message: `${fault}; ${count}` });
    } else {
      warnings.push(...faults.map(({ path, fault }) => ({ file: path, message: `${fault}; it is skipped` })));
    }
  }
  return { fatal, warnings };
}

function lostClasses({ root, classes }: AnyDataset, opened: readonly OpenedSample[]): Finding[] {
  const train = opened.filter(({ split }) => split === 'train');
  const present = new Set(train.flatMap(({ label }) => label ?? []));
  for (const { label, image } of train) if (image !== null && label !== null) present.delete(label);
  return [...present].map((label) => ({
    file: root,
    message: `no training image of class ${classes[label]!} can be read`,
  }));
}

/** Groups of the same bytes that matter: trained and validated on, or given two labels. */
function duplicatesOf(opened: readonly OpenedSample[]): OpenedSample[][] {
  const byHash = new Map<string, OpenedSample[]>();
  for (const sample of opened) {
    if (sample.image === null) continue;
    const group = byHash.get(sample.image.hash);
    if (group === undefined) byHash.set(sample.image.hash, [sample]);
    else group.push(sample);
  }
  return [...byHash.values()].filter(([first, ...others]) =>
    others.some(({ split, label }) => split !== first!.split || label !== first!.label),
  );
}

function judgeDuplicates({ root, classes }: AnyDataset, groups: readonly (readonly OpenedSample[])[]): Finding[] {
  const warnings = groups.slice(0, MAX_WARNINGS).map((group) => {
    const first = group[0]!;
    const conflict = group.find(({ label }) => label !== first.label);
    const other = conflict ?? group.find(({ split }) => split !== first.split)!;
    const where = conflict === undefined ? `the ${other.split} split` : `class ${classes[conflict.label!]!}`;
    return { file: first.path, message: `the same image as ${other.path} of ${where}; keep one of them` };
  });
  const more = groups.length - warnings.length;
  return more > 0
    ? [...warnings, { file: root, message: `${more} more images lie in two splits or classes` }]
    : warnings;
}

export function rangeOf(values: readonly number[]): Range | null {
  if (values.length === 0) return null;
  const widen = ({ least, most }: Range, value: number): Range => ({
    least: Math.min(least, value),
    most: Math.max(most, value),
  });
  return values.reduce<Range>(widen, { least: Infinity, most: 0 });
}
