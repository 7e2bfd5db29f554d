/**
 * Task-aligned assignment (Feng et al. 2021, "TOOD"): which anchors answer for which true box. An anchor's metric for a box is
 * score^α · CIoU^β, of its present prediction; the best `topk` anchors inside each box are positive. An anchor that several boxes
 * want goes to the one it overlaps most. Its soft label is its metric, scaled so that a box's best anchor has the box's best CIoU.
 * On the host and sparse: only anchors inside a box are looked at, some thousands of an image's hundred thousands of pairs.
 */
import type { Anchors } from '../../models/anchors.ts';
import { completeIou, type Corners } from './overlap.ts';

export interface AssignOptions {
  /** Anchors that a box may claim. */
  readonly topk: number;
  /** Of those that it got, how many it keeps: 1 for a one-to-one head, `topk` else. */
  readonly kept: number;
  readonly alpha: number;
  readonly beta: number;
}

/** What is predicted of one image. */
export interface Predictions {
  /** Left, top, right and bottom of each anchor's box, in pixels. */
  readonly corners: readonly [Float64Array, Float64Array, Float64Array, Float64Array];
  /** The probability of a class, 0…1; asked for where it is needed alone. */
  scoreAt(anchor: number, label: number): number;
}

/** Of a true box: its class, and its corners in pixels. */
export const TARGET_COLUMNS = 5;

/** `[count, TARGET_COLUMNS]`. */
export interface TrueBoxes {
  readonly count: number;
  readonly rows: Float32Array;
}

/** The positive anchors of an image, in rising order, with the true box of each and its soft label. */
export interface Assignment {
  readonly anchors: number[];
  readonly targets: number[];
  readonly scores: number[];
}

export const EPSILON = 1e-9;

/**
 * A box thinner than the second level's stride has few anchors inside it, or none: it is looked for in a box that wide around its
 * centre (as YOLO26 does, for small objects).
 */
export function widened([x1, y1, x2, y2]: Corners, { levels }: Anchors): Corners {
  const least = (levels[1] ?? levels[0]!).stride;
  const [low, high] = atLeast(x1, x2, least);
  const [top, bottom] = atLeast(y1, y2, least);
  return [low, top, high, bottom];
}

function atLeast(low: number, high: number, least: number): [number, number] {
  if (high - low >= least) return [low, high];
  const middle = (low + high) / 2;
  return [middle - least / 2, middle + least / 2];
}

/** One box's wish for one anchor. */
interface Claim {
  readonly anchor: number;
  readonly metric: number;
  readonly overlap: number;
}

/** Made once for a head: what it remembers of each anchor is reused from image to image. */
export class Assigner {
  readonly #anchors: Anchors;
  readonly #options: AssignOptions;
  /** How many boxes of the present image claim an anchor. */
  readonly #claims: Uint16Array;

  constructor(anchors: Anchors, options: AssignOptions) {
    this.#anchors = anchors;
    this.#options = options;
    this.#claims = new Uint16Array(anchors.count);
  }

  /** The anchors that lie in a box, of which predictions are needed, in rising order. */
  inside(boxes: TrueBoxes): Int32Array {
    const { levels, count } = this.#anchors;
    const isInside = new Uint8Array(count);
    for (let target = 0; target < boxes.count; target++) {
      const [x1, y1, x2, y2] = widened(boxAt(boxes, target).truth, this.#anchors);
      for (const { stride, width, height, start } of levels) {
        const columns = cells(x1, x2, stride, width);
        const rows = cells(y1, y2, stride, height);
        for (let row = rows.from; row < rows.to && columns.to > columns.from; row++) {
          const line = start + row * width;
          isInside.fill(1, line + columns.from, line + columns.to);
        }
      }
    }
    const inside = new Int32Array(count);
    let found = 0;
    for (let anchor = 0; anchor < count; anchor++) if (isInside[anchor] === 1) inside[found++] = anchor;
    return inside.subarray(0, found);
  }

  /** `predictions` are asked for at the anchors of `inside` alone. */
  assign(predictions: Predictions, boxes: TrueBoxes): Assignment {
    const { topk, kept } = this.#options;
    const wanted = Array.from({ length: boxes.count }, (_, target) => this.#claimsOf(predictions, boxes, target));
    for (const claims of wanted) for (const { anchor } of claims) this.#claims[anchor]! += 1;
    const owned = wanted.map((claims) => claims.filter(({ anchor }) => this.#claims[anchor] === 1));
    const contested = new Set<number>();
    for (const claims of wanted)
      for (const { anchor } of claims) {
        if (this.#claims[anchor]! > 1) contested.add(anchor);
        this.#claims[anchor] = 0;
      }
    for (const anchor of contested) {
      const { target, claim } = this.#settle(predictions, boxes, anchor);
      owned[target]!.push(claim);
    }
    return softLabels(kept === topk ? owned : owned.map((claims) => best(claims, kept)));
  }

  /** The `topk` anchors inside a box with the largest metric, of two equal ones the earlier. */
  #claimsOf(predictions: Predictions, boxes: TrueBoxes, target: number): Claim[] {
    const { topk, alpha, beta } = this.#options;
    const [lefts, tops, rights, bottoms] = predictions.corners;
    const { label, truth } = boxAt(boxes, target);
    const [x1, y1, x2, y2] = truth;
    const area = (x2 - x1) * (y2 - y1);
    const search = widened(truth, this.#anchors);
    const top: Claim[] = [];
    // No metric is larger than IoU^β: what overlaps less than this cannot be among the best.
    let least = 0;
    for (const { stride, width, height, start } of this.#anchors.levels) {
      const columns = cells(search[0], search[2], stride, width);
      const rows = cells(search[1], search[3], stride, height);
      for (let row = rows.from; row < rows.to; row++) {
        const end = start + row * width + columns.to;
        for (let anchor = start + row * width + columns.from; anchor < end; anchor++) {
          const [left, upper, right, lower] = [lefts[anchor]!, tops[anchor]!, rights[anchor]!, bottoms[anchor]!];
          const across = (right < x2 ? right : x2) - (left > x1 ? left : x1);
          const down = (lower < y2 ? lower : y2) - (upper > y1 ? upper : y1);
          if (!(across > 0 && down > 0)) continue;
          const shared = across * down;
          if (shared <= least * ((right - left) * (lower - upper) + area - shared)) continue;
          const overlap = completeIou([left, upper, right, lower], truth);
          if (!(overlap > least)) continue;
          const metric = predictions.scoreAt(anchor, label) ** alpha * overlap ** beta;
          if (!(metric > 0)) continue;
          insert(top, { anchor, metric, overlap }, topk);
          if (top.length === topk) least = top[topk - 1]!.metric ** (1 / beta);
        }
      }
    }
    return top;
  }

  /** The box that a contested anchor overlaps most gets it, also where it is not among those that claimed it. */
  #settle(predictions: Predictions, boxes: TrueBoxes, anchor: number): { target: number; claim: Claim } {
    const predicted = predictions.corners.map((corner) => corner[anchor]!) as unknown as Corners;
    const [x, y] = [this.#anchors.x[anchor]!, this.#anchors.y[anchor]!];
    let [winner, overlap] = [-1, 0];
    for (let target = 0; target < boxes.count; target++) {
      const { truth } = boxAt(boxes, target);
      const [x1, y1, x2, y2] = widened(truth, this.#anchors);
      if (Math.min(x - x1, y - y1, x2 - x, y2 - y) <= EPSILON) continue;
      const own = completeIou(predicted, truth);
      if (own > overlap) [winner, overlap] = [target, own];
    }
    const { alpha, beta } = this.#options;
    const metric = predictions.scoreAt(anchor, boxAt(boxes, winner).label) ** alpha * overlap ** beta;
    return { target: winner, claim: { anchor, metric, overlap } };
  }
}

function boxAt({ rows }: TrueBoxes, target: number): { label: number; truth: Corners } {
  const row = target * TARGET_COLUMNS;
  return { label: rows[row]!, truth: [rows[row + 1]!, rows[row + 2]!, rows[row + 3]!, rows[row + 4]!] };
}

/** The cells of an axis whose middles lie between `low` and `high`. */
function cells(low: number, high: number, stride: number, count: number): { from: number; to: number } {
  const from = Math.floor((low + EPSILON) / stride - 0.5) + 1;
  const to = Math.ceil((high - EPSILON) / stride - 0.5);
  return { from: Math.max(from, 0), to: Math.min(to, count) };
}

/** Keeps `top` sorted, and no longer than `count`. */
function insert(top: Claim[], claim: Claim, count: number): void {
  if (top.length === count && claim.metric <= top[count - 1]!.metric) return;
  let place = top.length === count ? count - 1 : top.length;
  for (; place > 0 && top[place - 1]!.metric < claim.metric; place--) top[place] = top[place - 1]!;
  top[place] = claim;
}

function best(claims: readonly Claim[], count: number): Claim[] {
  const top: Claim[] = [];
  for (const claim of claims) insert(top, claim, count);
  return top;
}

function softLabels(owned: readonly (readonly Claim[])[]): Assignment {
  const positives = owned.flatMap((claims, target) => {
    const metric = claims.reduce((most, claim) => Math.max(most, claim.metric), 0);
    const overlap = claims.reduce((most, claim) => Math.max(most, claim.overlap), 0);
    return claims.map((claim) => ({
      anchor: claim.anchor,
      target,
      score: (claim.metric * overlap) / (metric + EPSILON),
    }));
  });
  positives.sort((a, b) => a.anchor - b.anchor);
  return {
    anchors: positives.map(({ anchor }) => anchor),
    targets: positives.map(({ target }) => target),
    scores: positives.map(({ score }) => score),
  };
}
