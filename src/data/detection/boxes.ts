/** The true boxes of one image, and what is checked of each before it is believed. */
import type { Finding } from '../../shared/dataset-report.ts';
import type { Boxes } from '../dataset.ts';
import type { LabelFaults } from './label-faults.ts';

/** Of an image: crowds in aerial photographs have some thousands. */
const MAX_BOXES = 10_000;
/** Corners that tools rounded, in parts of the image: not worth a word. */
const ROUNDING = 2e-3;

/** Corners in parts of the image. */
export interface Box {
  readonly label: number;
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** Collects the boxes of one image. */
export class BoxCollector {
  readonly #faults: LabelFaults;
  readonly #classes: number;
  readonly #boxes: Box[] = [];
  readonly #seen = new Set<string>();

  constructor(faults: LabelFaults, classes: number) {
    this.#faults = faults;
    this.#classes = classes;
  }

  add(given: Box, place: Omit<Finding, 'message'>): void {
    const note = this.#faults.note.bind(this.#faults);
    const { label, x1, y1, x2, y2 } = given;
    if (!Number.isInteger(label) || label < 0 || label >= this.#classes) {
      const range = this.#classes === 1 ? 'only class 0 is named' : `classes are 0 to ${this.#classes - 1}`;
      note('class', place, `class ${label}, but ${range}; name it or remove the box`);
    } else if (x2 < x1 || y2 < y1) {
      note(
        'swapped',
        place,
        'the box ends before it begins: its corners are swapped, or its size is negative; left out',
      );
    } else if (!(x2 > x1 && y2 > y1)) {
      note('area', place, 'the box has no area; left out');
    } else if (x1 >= 1 || y1 >= 1 || x2 <= 0 || y2 <= 0) {
      note('outside', place, 'the box lies outside the image; left out');
    } else if (this.#boxes.length === MAX_BOXES) {
      note('many', { file: place.file }, `more than ${MAX_BOXES} boxes; the others are left out`);
    } else {
      if (Math.min(x1, y1) < -ROUNDING || Math.max(x2, y2) > 1 + ROUNDING)
        note('clipped', place, 'the box reaches out of the image; it is cut at the edge');
      this.#keep({ label, x1: part(x1), y1: part(y1), x2: part(x2), y2: part(y2) }, place);
    }
  }

  get boxes(): Boxes {
    return {
      labels: Int32Array.from(this.#boxes, ({ label }) => label),
      corners: Float32Array.from(this.#boxes.flatMap(({ x1, y1, x2, y2 }) => [x1, y1, x2, y2])),
    };
  }

  #keep(box: Box, place: Omit<Finding, 'message'>): void {
    const key = Object.values(box).map(Math.fround).join(' ');
    if (this.#seen.has(key)) {
      this.#faults.note('duplicate', place, 'the same box as one before it; left out');
      return;
    }
    this.#seen.add(key);
    this.#boxes.push(box);
  }
}

function part(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}
