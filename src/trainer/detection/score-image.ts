/** Scores images of a detector's evaluation one by one: raw outputs, their loss and what is found in them. */
import type { Program, Tensors } from '../../engines/engine.ts';
import { decodeDetections } from './candidates.ts';
import type { DecodeOptions } from './candidates.ts';
import type { Detections } from './detections.ts';
import { headOf, HeadLoss } from './losses.ts';
import type { BranchSum, HeadLayout } from './losses.ts';
import type { DetectionTargets } from './loss.ts';
import type { ImageSize } from '../../models/base.ts';

/** What a thread knows before it gets a model. */
export interface ScoredHead {
  readonly head: HeadLayout;
  readonly classes: number;
  readonly size: ImageSize;
  readonly options: DecodeOptions;
}

/** A batch of one. */
export interface ImageToScore {
  readonly feeds: Tensors;
  readonly targets: DetectionTargets;
}

export interface ImageScore {
  readonly found: Detections;
  /** In the order of the head's branches, undivided. */
  readonly branches: readonly BranchSum[];
}

/** It keeps the memory that it works in. */
export class ImageScorer {
  readonly #options: DecodeOptions;
  readonly #head: HeadLayout;
  readonly #loss: HeadLoss;

  constructor({ head, classes, size, options }: ScoredHead) {
    this.#options = options;
    this.#head = head;
    this.#loss = new HeadLoss(head, { classes, size, batch: 1, divided: false });
  }

  async score(program: Program, { feeds, targets }: ImageToScore): Promise<ImageScore> {
    await program.run(feeds, this.#loss.outputs);
    this.#loss.evaluate(targets, 1);
    const predicted = headOf(this.#loss.outputs, this.#head.branches.at(-1)!);
    return {
      found: decodeDetections(predicted, 0, this.#loss.shape, this.#options),
      branches: this.#loss.branchSums,
    };
  }
}
