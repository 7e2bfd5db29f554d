/** The boxes of all samples in memory that threads share, and the rows of numbers that a worker hands back with a picture. */
import type { Boxes } from '../dataset.ts';
import type { BoxRow } from './arrange.ts';

export interface SharedBoxes {
  /** `[samples + 1]`: where the boxes of a sample start, and after the last where they end. */
  readonly offsets: Int32Array<SharedArrayBuffer>;
  readonly labels: Int32Array<SharedArrayBuffer>;
  /** `[boxes, 4]`, 0…1. */
  readonly corners: Float32Array<SharedArrayBuffer>;
}

export function shareBoxes(all: readonly Boxes[]): SharedBoxes {
  const offsets = new Int32Array(new SharedArrayBuffer(4 * (all.length + 1)));
  for (const [i, { labels }] of all.entries()) offsets[i + 1] = offsets[i]! + labels.length;
  const count = offsets[all.length]!;
  const labels = new Int32Array(new SharedArrayBuffer(4 * count));
  const corners = new Float32Array(new SharedArrayBuffer(16 * count));
  for (const [i, boxes] of all.entries()) {
    labels.set(boxes.labels, offsets[i]);
    corners.set(boxes.corners, 4 * offsets[i]!);
  }
  return { offsets, labels, corners };
}

export function boxesOf({ offsets, labels, corners }: SharedBoxes, sample: number): Boxes {
  const [start, end] = [offsets[sample]!, offsets[sample + 1]!];
  return { labels: labels.subarray(start, end), corners: corners.subarray(4 * start, 4 * end) };
}

/** Class and corners. */
export const BOX_COLUMNS = 5;

/** Of a picture with at most `capacity` boxes: its pixels, the number of its boxes, and a row of float32 for each. */
export function pictureBytes(side: number, capacity: number): number {
  return side * side * 3 + 4 + capacity * BOX_COLUMNS * 4;
}

export function packPicture(pixels: Uint8Array, boxes: readonly BoxRow[], capacity: number): Uint8Array {
  const bytes = new Uint8Array(pixels.length + 4 + capacity * BOX_COLUMNS * 4);
  bytes.set(pixels);
  const view = new DataView(bytes.buffer, pixels.length);
  const kept = boxes.slice(0, capacity);
  view.setInt32(0, kept.length, true);
  for (const [i, value] of kept.flat().entries()) view.setFloat32(4 + 4 * i, value, true);
  return bytes;
}

/** Copies the pixels and the rows of a picture to their places in a batch; returns the number of boxes. */
export function unpackPicture(bytes: Uint8Array, pixels: Uint8Array, rows: Float32Array): number {
  pixels.set(bytes.subarray(0, pixels.length));
  const view = new DataView(bytes.buffer, bytes.byteOffset + pixels.length);
  const count = view.getInt32(0, true);
  for (let i = 0; i < count * BOX_COLUMNS; i++) rows[i] = view.getFloat32(4 + 4 * i, true);
  return count;
}
