/**
 * The loss of a detection head and its gradient by the head's raw outputs: binary cross-entropy of the classes against soft labels,
 * 1 − CIoU of the boxes, and for the distances to the sides either distribution focal loss or, where the head predicts them itself
 * (YOLO26), their L1 difference in parts of the image. Box terms are weighted by the soft label, and all are divided by the sum of the
 * soft labels of the batch (at least 1).
 *
 * It runs on the host between two graphs: the first ends in the raw outputs, the second starts with this gradient. Assignment reads a few
 * thousand of a million predictions and branches on them, which costs some tens of milliseconds here and, as dense tensors of boxes × anchors, more
 * than a convolution in a graph; and one TypeScript form serves every engine.
 */
import { type AssignOptions, Assigner, type Assignment, TARGET_COLUMNS } from './assign.ts';
import { againstZero } from './binary-cross-entropy.ts';
import { BoxDecoder, distanceAt, type HeadOutputs, type HeadShape, placeOf, sigmoid, SIDES } from './heads.ts';
import { completeIou, type Corners, type MutableCorners } from './overlap.ts';

export interface LossGains {
  readonly box: number;
  readonly classes: number;
  /** Of the distribution focal loss, or of L1. */
  readonly distances: number;
}

export interface LossOptions {
  readonly shape: HeadShape;
  /** Of the network's input, in pixels. */
  readonly size: { readonly width: number; readonly height: number };
  readonly assign: AssignOptions;
  readonly gains: LossGains;
}

/** The parts of a batch's loss, each with its gain; their sum is what is differentiated. */
export interface LossParts {
  readonly box: number;
  readonly classes: number;
  readonly distances: number;
}

/** Of one evaluation. */
export interface EvaluatedLoss extends LossParts {
  /** Sum of the soft labels: what the parts are divided by, if it is more than 1. */
  readonly labels: number;
}

export interface DetectionTargets {
  /** `[batch]`: true boxes of each image. */
  readonly counts: Int32Array;
  /** `[batch, capacity, TARGET_COLUMNS]`. */
  readonly rows: Float32Array;
  /** `[batch]`: 0 for images that are padding, which take no part. */
  readonly weights: Float32Array;
}

/** Ultralytics' defaults, with which its checkpoints were trained. */
export const DEFAULT_GAINS: LossGains = { box: 7.5, classes: 0.5, distances: 1.5 };
const METRIC = { alpha: 0.5, beta: 6 } as const;
/** For the only head of YOLOv8 to 12 and the one-to-many head of an end-to-end detector, and for its one-to-one head. */
export const ONE_TO_MANY: AssignOptions = { topk: 10, kept: 10, ...METRIC };
export const ONE_TO_ONE: AssignOptions = { topk: 7, kept: 1, ...METRIC };

/** A distance of regMax − 1 itself would need a bin beyond the last to interpolate with. */
export const BELOW_LAST_BIN = 0.01;

/** Made once for a head and input size; it keeps its working memory. */
export class DetectionLoss {
  readonly #options: LossOptions;
  readonly #assigner: Assigner;
  readonly #decoder: BoxDecoder;

  constructor(options: LossOptions) {
    this.#options = options;
    this.#assigner = new Assigner(options.shape.anchors, options.assign);
    this.#decoder = new BoxDecoder(options.shape);
  }

  /**
   * Writes the gradient of the parts' sum by the raw outputs into `gradients`, of the same shapes as `outputs`. Not `divided`, parts and
   * gradient are those of a piece of a batch, which adds up with others before all are divided by the labels of all. Both come times `share`.
   */
  evaluate(
    outputs: HeadOutputs,
    targets: DetectionTargets,
    gradients: HeadOutputs,
    { divided = true, share = 1 }: { readonly divided?: boolean; readonly share?: number } = {},
  ): EvaluatedLoss {
    const batch = targets.counts.length;
    const assignments = Array.from({ length: batch }, (_, image) => this.#assign(outputs, targets, image));
    const labels = assignments.flatMap((assignment) => assignment?.scores ?? []).reduce((sum, score) => sum + score, 0);
    const total = (divided ? atLeastOne(labels) : 1) / share;
    gradients.boxes.fill(0);
    const parts = { box: 0, classes: 0, distances: 0, labels };
    for (const [image, assignment] of assignments.entries()) {
      parts.classes += this.#classes(outputs.scores, targets, gradients.scores, image, assignment, total);
      if (assignment === undefined) continue;
      const { box, distances } = this.#boxes(outputs.boxes, targets, gradients.boxes, image, assignment, total);
      parts.box += box;
      parts.distances += distances;
    }
    return parts;
  }

  #assign({ boxes, scores }: HeadOutputs, targets: DetectionTargets, image: number): Assignment | undefined {
    if (targets.weights[image] === 0) return undefined;
    const count = targets.counts[image]!;
    if (count === 0) return { anchors: [], targets: [], scores: [] };
    const { classes, anchors } = this.#options.shape;
    const start = image * classes * anchors.count;
    const scoreAt = (anchor: number, label: number): number => sigmoid(scores[start + label * anchors.count + anchor]!);
    const rows = targets.rows.subarray(rowOf(targets, image, 0));
    const truth = { count, rows };
    this.#decoder.decode(boxes, image, this.#assigner.inside(truth));
    return this.#assigner.assign({ corners: this.#decoder.corners, scoreAt }, truth);
  }

  #classes(
    scores: Float32Array,
    targets: DetectionTargets,
    gradients: Float32Array,
    image: number,
    assignment: Assignment | undefined,
    total: number,
  ): number {
    const { anchors, classes } = this.#options.shape;
    const from = image * classes * anchors.count;
    const range = { from, to: from + classes * anchors.count };
    if (assignment === undefined) {
      gradients.fill(0, range.from, range.to);
      return 0;
    }
    const scale = this.#options.gains.classes / total;
    let loss = againstZero(scores, gradients, range, scale);
    for (const [i, anchor] of assignment.anchors.entries()) {
      const label = targets.rows[rowOf(targets, image, assignment.targets[i]!)]!;
      const at = from + label * anchors.count + anchor;
      const score = assignment.scores[i]!;
      loss -= score * scores[at]!;
      gradients[at]! -= scale * score;
    }
    return scale * loss;
  }

  #boxes(
    boxes: Float32Array,
    targets: DetectionTargets,
    gradients: Float32Array,
    image: number,
    assignment: Assignment,
    total: number,
  ): { box: number; distances: number } {
    const { shape, gains, size } = this.#options;
    const { anchors, regMax } = shape;
    const probabilities = Array.from({ length: SIDES }, () => new Float64Array(regMax));
    const byCorner: MutableCorners = [0, 0, 0, 0];
    let box = 0;
    let distances = 0;
    for (const [i, anchor] of assignment.anchors.entries()) {
      const weight = assignment.scores[i]! / total;
      const stride = anchors.stride[anchor]!;
      const [x, y] = [anchors.x[anchor]!, anchors.y[anchor]!];
      const row = rowOf(targets, image, assignment.targets[i]!);
      const truth: Corners = [1, 2, 3, 4].map((column) => targets.rows[row + column]!) as unknown as Corners;
      const places = probabilities.map((_, side) => placeOf(shape, image, anchor, side));
      const sides = probabilities.map((own, side) => distanceAt(boxes, places[side]!, shape, own));
      const [left, top, right, bottom] = sides.map((distance) => distance * stride) as [number, number, number, number];
      const predicted: Corners = [x - left, y - top, x + right, y + bottom];
      box += weight * (1 - completeIou(predicted, truth, byCorner));
      const wanted = [x - truth[0], y - truth[1], truth[2] - x, truth[3] - y];
      for (let side = 0; side < SIDES; side++) {
        const distance = sides[side]!;
        // The first two corners lie at anchor − distance, and the loss falls as CIoU grows.
        const bySide = (side < 2 ? 1 : -1) * gains.box * weight * stride * byCorner[side]!;
        const place = places[side]!;
        const target = wanted[side]! / stride;
        const scale = (gains.distances * weight) / SIDES;
        if (regMax === 1) {
          const unit = stride / (side % 2 === 0 ? size.width : size.height);
          distances += (weight / SIDES) * unit * Math.abs(distance - target);
          gradients[place] = bySide + scale * unit * Math.sign(distance - target);
          continue;
        }
        const bounded = Math.min(Math.max(target, 0), regMax - 1 - BELOW_LAST_BIN);
        const lower = Math.floor(bounded);
        const share = bounded - lower;
        const own = probabilities[side]!;
        const top = own.indexOf(Math.max(...own));
        const atTop = boxes[place + top * anchors.count]!;
        // From the likeliest bin, since that of one far from it may be too small for a number; −ln p of it never is.
        const surprise = (bin: number): number => atTop - boxes[place + bin * anchors.count]! - Math.log(own[top]!);
        distances += (weight / SIDES) * ((1 - share) * surprise(lower) + share * surprise(lower + 1));
        for (let bin = 0, at = place; bin < regMax; bin++, at += anchors.count) {
          const wantedHere = bin === lower ? 1 - share : bin === lower + 1 ? share : 0;
          gradients[at] = bySide * own[bin]! * (bin - distance) + scale * (own[bin]! - wantedHere);
        }
      }
    }
    return { box: gains.box * box, distances: gains.distances * distances };
  }
}

/** What a batch's loss is divided by. */
export function atLeastOne(labels: number): number {
  return Math.max(labels, 1);
}

function rowOf({ counts, rows }: DetectionTargets, image: number, target: number): number {
  return (image * rows.length) / counts.length + target * TARGET_COLUMNS;
}
