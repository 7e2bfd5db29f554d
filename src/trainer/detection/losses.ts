/**
 * The loss of all branches of a head. An end-to-end detector's sum up with weights that move from the branch that learns from many anchors
 * to the one that predicts, as Ultralytics trains YOLO26: 0.8 and 0.2 in the first epoch, 0.1 and 0.9 in the last.
 */
import type { Tensors } from '../../engines/engine.ts';
import { zeros } from '../../graph/tensor.ts';
import type { Tensor } from '../../graph/tensor.ts';
import type { Detection, DetectionBranch, ImageSize } from '../../models/base.ts';
import type { Job } from '../../shared/job.ts';
import type { LossParts as NamedParts } from '../../shared/run/events.ts';
import { anchorsOf } from '../../models/anchors.ts';
import { SIDES } from './heads.ts';
import type { HeadOutputs, HeadShape } from './heads.ts';
import { DEFAULT_GAINS, DetectionLoss, ONE_TO_MANY, ONE_TO_ONE } from './loss.ts';
import type { DetectionTargets, LossGains, LossOptions, LossParts } from './loss.ts';
import { seedOf } from './step.ts';

/** What a loss knows of a head. */
export interface HeadLayout extends Pick<Detection, 'branches' | 'strides' | 'regMax'> {
  /** Ultralytics' defaults unless told. */
  readonly gains?: LossGains;
}

const FIRST_SHARE = 0.8;
const LAST_SHARE = 0.1;

type Floats = Tensor<'float32'>;

interface Branch {
  readonly names: DetectionBranch;
  readonly loss: DetectionLoss;
}

/** Of a piece of a batch, before anything is divided by the labels of all. */
export interface BranchSum {
  readonly labels: number;
  /** Times the branch's share. */
  readonly parts: LossParts;
}

interface HeadLossOptions {
  readonly classes: number;
  readonly size: ImageSize;
  readonly batch: number;
  /** False for pieces of a batch, which add up first (`branchSums`). */
  readonly divided?: boolean;
}

export class HeadLoss {
  /** What the forward pass writes into, by the names of its outputs. */
  readonly outputs: Readonly<Record<string, Floats>>;
  /** The gradient by them, by the names of the backward pass's inputs. */
  readonly seeds: Readonly<Record<string, Floats>>;
  readonly shape: HeadShape;
  /** Of the batch that was evaluated last; undefined before. Their sum is its loss. */
  parts: NamedParts | undefined;
  /** Likewise, branch by branch. */
  branchSums: readonly BranchSum[] = [];
  readonly #branches: readonly Branch[];
  readonly #divided: boolean;

  constructor(detection: HeadLayout, { classes, size, batch, divided = true }: HeadLossOptions) {
    this.#divided = divided;
    const anchors = anchorsOf(size, detection.strides);
    this.shape = { anchors, classes, regMax: detection.regMax };
    this.#branches = detection.branches.map((names) => ({
      names,
      loss: new DetectionLoss(lossOptionsOf(names, this.shape, size, detection.gains)),
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
    this.branchSums = this.#branches.map(({ names, loss }, index) => {
      const gradients = headOf(this.seeds, { boxes: seedOf(names.boxes), scores: seedOf(names.scores) });
      const options = { divided: this.#divided, share: shares[index]! };
      const { labels, ...parts } = loss.evaluate(headOf(this.outputs, names), targets, gradients, options);
      return { labels, parts };
    });
    const parts = sumOfParts(this.branchSums.map((branch) => branch.parts));
    this.parts = namedParts(parts);
    return lossOf(parts);
  }
}

export function timesParts({ box, classes, distances }: LossParts, factor: number): LossParts {
  return { box: factor * box, classes: factor * classes, distances: factor * distances };
}

export function sumOfParts(each: readonly LossParts[]): LossParts {
  const sum = (part: keyof LossParts): number => each.reduce((total, parts) => total + parts[part], 0);
  return { box: sum('box'), classes: sum('classes'), distances: sum('distances') };
}

/** As a run tells them. */
export function namedParts({ box, classes, distances }: LossParts): NamedParts {
  return { box, cls: classes, dfl: distances };
}

export function lossOf({ box, classes, distances }: LossParts): number {
  return box + classes + distances;
}

export function lossOptionsOf(
  { name }: DetectionBranch,
  shape: HeadShape,
  size: ImageSize,
  gains = DEFAULT_GAINS,
): LossOptions {
  return { shape, size, assign: name === 'one2one' ? ONE_TO_ONE : ONE_TO_MANY, gains };
}

/** As a job names them. */
export function gainsOf({ detection }: Pick<Job, 'detection'>): LossGains {
  const { box, cls, dfl } = detection.gains;
  return { box, classes: cls, distances: dfl };
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
