/**
 * The loss of all branches of a head. An end-to-end detector's sum up with weights that move from the branch that learns from many anchors
 * to the one that predicts, as Ultralytics trains YOLO26: 0.8 and 0.2 in the first epoch, 0.1 and 0.9 in the last.
 */
import type { Tensors } from '../../engines/engine.ts';
import { zeros } from '../../graph/tensor.ts';
import type { Tensor } from '../../graph/tensor.ts';
import type { Detection, DetectionBranch, ImageSize } from '../../models/base.ts';
import type { LossParts } from '../../shared/run/events.ts';
import { anchorsOf } from '../../models/anchors.ts';
import { SIDES } from './heads.ts';
import type { HeadOutputs, HeadShape } from './heads.ts';
import { DEFAULT_GAINS, DetectionLoss, ONE_TO_MANY, ONE_TO_ONE } from './loss.ts';
import type { DetectionTargets, LossOptions } from './loss.ts';
import { seedOf } from './step.ts';

const FIRST_SHARE = 0.8;
const LAST_SHARE = 0.1;

type Floats = Tensor<'float32'>;

interface Branch {
  readonly names: DetectionBranch;
  readonly loss: DetectionLoss;
}

export class HeadLoss {
  /** What the forward pass writes into, by the names of its outputs. */
  readonly outputs: Readonly<Record<string, Floats>>;
  /** The gradient by them, by the names of the backward pass's inputs. */
  readonly seeds: Readonly<Record<string, Floats>>;
  readonly shape: HeadShape;
  /** Of the batch that was evaluated last; undefined before. Their sum is its loss. */
  parts: LossParts | undefined;
  readonly #branches: readonly Branch[];

  constructor(detection: Detection, { classes, size, batch }: { classes: number; size: ImageSize; batch: number }) {
    const anchors = anchorsOf(size, detection.strides);
    this.shape = { anchors, classes, regMax: detection.regMax };
    this.#branches = detection.branches.map((names) => ({
      names,
      loss: new DetectionLoss(lossOptionsOf(names, this.shape, size)),
    }));
    const tensors = (name: (output: string) => string): Record<string, Floats> =>
      Object.fromEntries(
        detection.branches.flatMap(({ boxes, scores }) => [
          [name(boxes), zeros('float32', [batch, SIDES * detection.regMax, anchors.count])],
          [name(scores), zeros('float32', [batch, classes, anchors.count])],
        ]),
      );
    this.outputs = tensors((output) => output);
    this.seeds = tensors(seedOf);
  }

  /** Of `outputs`, leaving the gradient in `seeds`; `progress` 0…1 says how far training is. */
  evaluate(targets: DetectionTargets, progress: number): number {
    const shares = sharesOf(this.#branches.length, progress);
    const parts = { box: 0, cls: 0, dfl: 0 };
    for (const [index, { names, loss }] of this.#branches.entries()) {
      const gradients = headOf(this.seeds, { boxes: seedOf(names.boxes), scores: seedOf(names.scores) });
      const { box, classes, distances } = loss.evaluate(headOf(this.outputs, names), targets, gradients);
      const share = shares[index]!;
      if (share !== 1) for (const values of [gradients.boxes, gradients.scores]) scale(values, share);
      parts.box += share * box;
      parts.cls += share * classes;
      parts.dfl += share * distances;
    }
    this.parts = parts;
    return parts.box + parts.cls + parts.dfl;
  }
}

export function lossOptionsOf({ name }: DetectionBranch, shape: HeadShape, size: ImageSize): LossOptions {
  return { shape, size, assign: name === 'one2one' ? ONE_TO_ONE : ONE_TO_MANY, gains: DEFAULT_GAINS };
}

/** A branch's outputs among tensors by name. */
export function headOf(tensors: Tensors, { boxes, scores }: Pick<DetectionBranch, 'boxes' | 'scores'>): HeadOutputs {
  return { boxes: tensors[boxes]!.data as Float32Array, scores: tensors[scores]!.data as Float32Array };
}

/** What each branch of a head counts; `progress` 0…1 says how far training is. */
export function sharesOf(branches: number, progress: number): readonly number[] {
  if (branches === 1) return [1];
  const many = FIRST_SHARE + (LAST_SHARE - FIRST_SHARE) * progress;
  return [many, 1 - many];
}

function scale(values: Float32Array, factor: number): void {
  for (let i = 0; i < values.length; i++) values[i]! *= factor;
}
