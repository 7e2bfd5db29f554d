/**
 * A label file of YOLO: a line for each box, `class x y width height`, the centre and the size in parts of the image. A line with more
 * coordinates is an outline (`class x y x y …`), of which the box around it is taken.
 */
import { printable } from '../../formats/printable.ts';
import type { BoxCollector } from './boxes.ts';
import type { LabelFaults } from './label-faults.ts';

const DECIMAL = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
/** A part of an image is at most 1; a little more may be rounding or an object that is cut, twice as much is not. */
const NO_PART = 2;
/** Class, x, y, width, height. */
const BOX_WORDS = 5;
/** Corners of an outline: at least a triangle. */
const MIN_OUTLINE = 6;

/** Adds the boxes of a file, each of which has so many numbers of key points behind it, which are not read; returns how many lines it has that were meant as boxes. */
export function readLabels(
  text: string,
  file: string,
  boxes: BoxCollector,
  faults: LabelFaults,
  keyPoints = 0,
): number {
  let rows = 0;
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    let words = line.trim().split(/\s+/);
    if (words[0] === '') continue;
    rows++;
    if (keyPoints > 0 && words.length === BOX_WORDS + keyPoints) words = words.slice(0, BOX_WORDS);
    const place = { file, line: index + 1 };
    const wrong = faultOf(words);
    if (wrong !== undefined) {
      faults.note('row', place, `${wrong}; the line is left out`);
      continue;
    }
    const [label, ...coordinates] = words.map(Number) as [number, ...number[]];
    if (isInPixels(coordinates)) {
      faults.note('pixels', place, 'the box is in pixels, not in parts of the image; left out');
      continue;
    }
    boxes.add({ label, ...cornersOf(coordinates) }, place);
  }
  return rows;
}

/** Whether the numbers of a line, without its class, are too large for parts of an image. */
export function isInPixels(coordinates: readonly number[]): boolean {
  return Math.min(...coordinates) >= 0 && Math.max(...coordinates) > NO_PART;
}

function faultOf(words: readonly string[]): string | undefined {
  const count = words.length - 1;
  if (words[0]!.split(',').length >= BOX_WORDS) return 'its values are separated by commas; put spaces between them';
  if (count !== 4 && (count < MIN_OUTLINE || count % 2 === 1)) {
    const hint = words.length === BOX_WORDS + 1 ? ' (remove a confidence behind them)' : '';
    return `${words.length} values, but a box has 5: class, x, y, width, height${hint}`;
  }
  const odd = words.find((word) => !DECIMAL.test(word));
  if (odd === undefined) return undefined;
  if (odd === words[0] && /^\p{L}/u.test(odd)) return `"${printable(odd)}" is no number; a class is told by its number`;
  return `"${printable(odd)}" is no number${/^\d+,\d+$/.test(odd) ? '; write a point for its comma' : ''}`;
}

function cornersOf(coordinates: readonly number[]): { x1: number; y1: number; x2: number; y2: number } {
  if (coordinates.length === 4) {
    const [x, y, width, height] = coordinates as [number, number, number, number];
    return { x1: x - width / 2, y1: y - height / 2, x2: x + width / 2, y2: y + height / 2 };
  }
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < coordinates.length; i += 2) {
    [x1, x2] = [Math.min(x1, coordinates[i]!), Math.max(x2, coordinates[i]!)];
    [y1, y2] = [Math.min(y1, coordinates[i + 1]!), Math.max(y2, coordinates[i + 1]!)];
  }
  return { x1, y1, x2, y2 };
}
