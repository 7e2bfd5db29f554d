/** What a detection head gives before anything is decoded, and the distances to a box's sides that it means. */
import type { Anchors } from '../../models/anchors.ts';
import { exponential } from './exponential.ts';

/**
 * Raw outputs for a batch, anchors level by level: `boxes` `[batch, 4 · regMax, anchors]`, for each side (left, top, right, bottom) the
 * logits of a distribution over the distances 0 … regMax − 1 in strides (Li et al. 2020, "Generalized Focal Loss"), or with
 * `regMax` 1 the distance itself; `scores` `[batch, classes, anchors]`, logits.
 */
export interface HeadOutputs {
  readonly boxes: Float32Array;
  readonly scores: Float32Array;
}

export interface HeadShape {
  readonly anchors: Anchors;
  readonly classes: number;
  readonly regMax: number;
}

export const SIDES = 4;

/** Where the first logit of a side lies in `boxes`; the others follow `anchors.count` apart. */
export function placeOf({ anchors, regMax }: HeadShape, image: number, anchor: number, side: number): number {
  return (image * SIDES + side) * regMax * anchors.count + anchor;
}

/** The distance to a side of the anchor's box, in strides; writes the distribution that it is the mean of, where the head has one. */
export function distanceAt(
  boxes: Float32Array,
  place: number,
  { anchors, regMax }: HeadShape,
  probabilities: Float64Array,
): number {
  if (regMax === 1) return boxes[place]!;
  let most = boxes[place]!;
  for (let bin = 1, at = place + anchors.count; bin < regMax; bin++, at += anchors.count)
    most = Math.max(most, boxes[at]!);
  let sum = 0;
  let moment = 0;
  for (let bin = 0, at = place; bin < regMax; bin++, at += anchors.count) {
    const weight = exponential(boxes[at]! - most);
    probabilities[bin] = weight;
    sum += weight;
    moment += bin * weight;
  }
  for (let bin = 0; bin < regMax; bin++) probabilities[bin]! /= sum;
  return moment / sum;
}

/** Decodes boxes of a batch's images, one image at a time, in the order in which they lie in memory. */
export class BoxDecoder {
  readonly #shape: HeadShape;
  readonly #sums: Float64Array;
  readonly #moments: Float64Array;
  /** `[4, anchors]`: left, top, right and bottom of each anchor's box, in pixels. */
  readonly corners: readonly [Float64Array, Float64Array, Float64Array, Float64Array];

  constructor(shape: HeadShape) {
    const perAnchor = (): Float64Array => new Float64Array(shape.anchors.count);
    this.#shape = shape;
    this.#sums = perAnchor();
    this.#moments = perAnchor();
    this.corners = [perAnchor(), perAnchor(), perAnchor(), perAnchor()];
  }

  /** Leaves the boxes of these anchors of an image in `corners`, where those of others are of no image in particular. */
  decode(boxes: Float32Array, image: number, wanted: Int32Array): void {
    const { anchors } = this.#shape;
    for (const [side, corner] of this.corners.entries()) {
      this.#distances(boxes, placeOf(this.#shape, image, 0, side), corner, wanted);
      const middle = side % 2 === 0 ? anchors.x : anchors.y;
      const sign = side < 2 ? -1 : 1;
      for (const anchor of wanted) corner[anchor] = middle[anchor]! + sign * anchors.stride[anchor]! * corner[anchor]!;
    }
  }

  #distances(boxes: Float32Array, place: number, into: Float64Array, wanted: Int32Array): void {
    const { anchors, regMax } = this.#shape;
    const { count } = anchors;
    if (regMax === 1) {
      into.set(boxes.subarray(place, place + count));
      return;
    }
    const sums = this.#sums.fill(0);
    const moments = this.#moments.fill(0);
    for (let bin = 0, start = place; bin < regMax; bin++, start += count) {
      for (let i = 0; i < wanted.length; i++) {
        const weight = exponential(boxes[start + wanted[i]!]!);
        sums[i]! += weight;
        moments[i]! += bin * weight;
      }
    }
    for (let i = 0; i < wanted.length; i++) into[wanted[i]!] = moments[i]! / sums[i]!;
  }
}

export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
