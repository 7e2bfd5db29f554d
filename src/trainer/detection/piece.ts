/**
 * A batch in pieces: each runs by itself, so that what its halves save is small and stays in the processor's caches, and several threads can
 * take one each. The loss of a batch is divided by the soft labels of all its images, so pieces add up undivided.
 */
import type { Tensors } from '../../engines/engine.ts';
import { zeros } from '../../graph/tensor.ts';
import type { Tensor } from '../../graph/tensor.ts';
import type { BranchSum, HeadLoss } from './losses.ts';
import { sumOfParts } from './losses.ts';
import type { DetectionTargets } from './loss.ts';
import type { DetectionStep } from './program.ts';

export interface Piece {
  /** The inputs that differ from image to image. */
  readonly feeds: Tensors;
  readonly targets: DetectionTargets;
}

export interface PieceSums {
  /** In the order of the head's branches. */
  readonly branches: readonly BranchSum[];
  /** By the names of the outputs. */
  readonly gradients: Readonly<Record<string, Float32Array>>;
}

/** The shapes of the gradients, by the names of the outputs. */
export type GradientShapes = Readonly<Record<string, readonly number[]>>;

/** Adds up over pieces, one after the other. */
export interface PieceRunner {
  /** `values` are the trained ones; `progress` as `DetectorStep.run` has it. */
  run(values: Tensors, pieces: readonly Piece[], progress: number): Promise<PieceSums>;
  release(): Promise<void>;
}

/** `loss` is undivided and that of `step`. */
export function pieceRunner(step: DetectionStep, loss: HeadLoss, shapes: GradientShapes): PieceRunner {
  const gradients = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]): [string, Tensor<'float32'>] => [name, zeros('float32', shape)]),
  );
  return {
    async run(values, pieces, progress) {
      let sums: PieceSums | undefined;
      for (const { feeds, targets } of pieces) {
        await step.run({ ...values, ...feeds }, targets, progress, gradients);
        const own = Object.fromEntries(Object.entries(gradients).map(([name, { data }]) => [name, data]));
        const branches = loss.branchSums;
        sums = sums === undefined ? { branches, gradients: copied(own) } : added(sums, { branches, gradients: own });
      }
      if (sums === undefined) throw new Error('there is no piece');
      return sums;
    },
    release: () => step.release(),
  };
}

function copied(gradients: PieceSums['gradients']): PieceSums['gradients'] {
  return Object.fromEntries(Object.entries(gradients).map(([name, values]) => [name, values.slice()]));
}

/** Of two of them; the gradients are added into those of `into`. */
export function added(into: PieceSums, { branches, gradients }: PieceSums): PieceSums {
  for (const [name, values] of Object.entries(gradients)) {
    const sum = into.gradients[name]!;
    for (let i = 0; i < sum.length; i++) sum[i]! += values[i]!;
  }
  return {
    branches: into.branches.map(({ labels, parts }, index) => {
      const other = branches[index]!;
      return { labels: labels + other.labels, parts: sumOfParts([parts, other.parts]) };
    }),
    gradients: into.gradients,
  };
}
