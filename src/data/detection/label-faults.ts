/**
 * What is wrong with the boxes of a dataset, by kind: a dataset of thousands of files tends to have the same fault thousands of times,
 * so a few of each are told by file and line, and the others counted.
 */
import type { Finding, Findings } from '../../shared/dataset-report.ts';
import { maxFaults } from '../faults.ts';

/** Told of each kind. */
const MAX_TOLD = 5;

const WORDS = {
  pixels: 'boxes are in pixels',
  row: 'lines are no boxes',
  class: 'boxes have a class that there is not',
  outside: 'boxes lie outside their images',
  clipped: 'boxes reach out of their images',
  area: 'boxes have no area',
  duplicate: 'boxes are there twice',
  crowd: 'boxes of crowds',
  difficult: 'boxes of objects marked difficult',
  swapped: 'boxes end before they begin',
  many: 'images have too many boxes',
  file: 'label files cannot be used',
} as const;

export type LabelFault = keyof typeof WORDS;

export class LabelFaults {
  readonly #told = new Map<LabelFault, Finding[]>();
  readonly #counts = new Map<LabelFault, number>();
  readonly #files = new Map<LabelFault, Set<string>>();

  /** `message` says what is wrong and what becomes of it. */
  note(kind: LabelFault, place: Omit<Finding, 'message'>, message: string): void {
    const told = this.#told.get(kind) ?? [];
    if (told.length < MAX_TOLD) told.push({ ...place, message });
    this.#told.set(kind, told);
    this.#counts.set(kind, this.count(kind) + 1);
    const files = this.#files.get(kind) ?? new Set();
    this.#files.set(kind, files.add(place.file));
  }

  count(kind: LabelFault): number {
    return this.#counts.get(kind) ?? 0;
  }

  /** `rows`: all boxes that were read; `root`: where what is only counted is told of. */
  findings({ images, rows, root }: { images: number; rows: number; root: string }): Findings {
    const fatal: Finding[] = [];
    const warnings: Finding[] = [];
    for (const [kind, told] of this.#told) {
      const count = this.count(kind);
      const more = count - told.length;
      const all = more === 0 ? told : [...told, { file: root, message: `${more} more ${WORDS[kind]}` }];
      if (kind === 'pixels' && 2 * count > rows) {
        const message = `${told[0]!.message.replace(/; .*/, '')} (as ${count} of ${rows} are): ${PIXELS_FIX}`;
        fatal.push({ ...told[0]!, message });
      } else if (kind === 'class' || this.#isWidespread(kind, images, rows)) {
        fatal.push(...all);
      } else {
        warnings.push(...all);
      }
    }
    return { fatal, warnings };
  }

  /** A handful of damaged files is left out; many mean that something else is wrong. */
  #isWidespread(kind: LabelFault, images: number, rows: number): boolean {
    if (kind === 'row' && 2 * this.count(kind) > rows) return true;
    return (kind === 'row' || kind === 'file') && this.#files.get(kind)!.size > maxFaults(images);
  }
}

const PIXELS_FIX =
  "divide x and width by the image's width, y and height by its height (`lowrank check --fix` does, and keeps the old files)";
