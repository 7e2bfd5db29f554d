/** The step of a detector on a CPU: its batch in pieces, each thread with some of them. */
import type { Tensors } from '../../engines/engine.ts';
import { dependents } from '../../graph/dependents.ts';
import { nameOf } from '../../graph/ir.ts';
import type { Graph } from '../../graph/ir.ts';
import type { SeedSplit } from '../../graph/passes/split-at-seeds.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { symbol, sameDim } from '../../graph/shape.ts';
import { BATCH } from '../../models/base.ts';
import type { LossParts } from '../../shared/run/events.ts';
import { lossOf, namedParts, sumOfParts, timesParts } from './losses.ts';
import type { HeadLayout } from './losses.ts';
import { atLeastOne } from './loss.ts';
import type { DetectionTargets } from './loss.ts';
import { added } from './piece.ts';
import type { GradientShapes, Piece, PieceRunner } from './piece.ts';
import type { DetectorStep } from './program.ts';
import { headOutputs, seedOf } from './step.ts';

/** More than an image of the usual size: no faster, and what is saved of it leaves the caches. */
const PIXELS_OF_A_PIECE = 640 * 640;

/** Images in a piece: as many as fit, so that all threads have some, and all pieces are alike. */
export function imagesInPiece(batch: number, threads: number, pixels: number): number {
  const most = Math.max(1, Math.min(Math.floor(PIXELS_OF_A_PIECE / pixels), Math.floor(batch / threads)));
  for (let images = most; images > 1; images--) if (batch % images === 0) return images;
  return 1;
}

/** Undefined where a gradient has parts of several branches: their losses are divided by different numbers. */
export function branchesOfGradients(
  backward: Graph,
  { branches }: Pick<HeadLayout, 'branches'>,
): ReadonlyMap<string, number> | undefined {
  const reached = branches.map(({ boxes, scores }) => {
    const seeds = new Set([seedOf(boxes), seedOf(scores)]);
    return dependents(
      backward.nodes,
      backward.inputs.filter((input) => seeds.has(nameOf(input)!)),
    );
  });
  const branchOf = new Map<string, number>();
  for (const [name, value] of backward.outputs) {
    const own = [...branches.keys()].filter((index) => reached[index]!.has(value));
    if (own.length > 1) return undefined;
    branchOf.set(name, own[0] ?? 0);
  }
  return branchOf;
}

/** Of all outputs of either half but the head's and what the halves save. */
export function gradientShapes({ forward, backward, saved }: SeedSplit, head: HeadLayout): GradientShapes {
  const others = new Set([...headOutputs(head), ...saved.map(({ name }) => name)]);
  const outputs = [...forward.outputs, ...backward.outputs].filter(([name]) => !others.has(name));
  return Object.fromEntries(outputs.map(([name, { shape }]) => [name, shape as readonly number[]]));
}

interface Layout {
  readonly batch: number;
  /** Images in a piece. */
  readonly images: number;
  /** Names of the inputs with the batch first. */
  readonly perImage: ReadonlySet<string>;
  /** By the names of the gradients. */
  readonly branchOf: ReadonlyMap<string, number>;
}

/** The inputs of either half that are cut into pieces. */
export function perImageInputs({ forward, backward, saved }: SeedSplit): ReadonlySet<string> {
  const kept = new Set(saved.map(({ name }) => name));
  const inputs = [...forward.inputs, ...backward.inputs].filter(
    ({ shape: [first] }) => first !== undefined && sameDim(first, symbol(BATCH)),
  );
  return new Set(inputs.map((input) => nameOf(input)!).filter((name) => !kept.has(name)));
}

export class PiecewiseStep implements DetectorStep {
  parts: LossParts | undefined;
  readonly #runners: readonly PieceRunner[];
  readonly #layout: Layout;

  constructor(runners: readonly PieceRunner[], layout: Layout) {
    this.#runners = runners;
    this.#layout = layout;
  }

  async run(feeds: Tensors, targets: DetectionTargets, progress: number, into: Tensors): Promise<number> {
    const { perImage, branchOf } = this.#layout;
    const values = Object.fromEntries(Object.entries(feeds).filter(([name]) => !perImage.has(name)));
    const pieces = this.#pieces(feeds, targets);
    // Which thread takes which piece depends on nothing but their numbers, so the sums are the same each time.
    const shares = this.#runners.map((_, index) => pieces.filter((_, piece) => piece % this.#runners.length === index));
    const runs = shares.flatMap((share, index) =>
      share.length === 0 ? [] : [this.#runners[index]!.run(values, share, progress)],
    );
    const sums = (await Promise.all(runs)).reduce(added);
    const divisors = sums.branches.map(({ labels }) => atLeastOne(labels));
    for (const [name, sum] of Object.entries(sums.gradients)) {
      const divisor = divisors[branchOf.get(name) ?? 0]!;
      const gradient = into[name]!.data as Float32Array;
      for (let i = 0; i < gradient.length; i++) gradient[i] = sum[i]! / divisor;
    }
    const parts = sumOfParts(sums.branches.map((branch, index) => timesParts(branch.parts, 1 / divisors[index]!)));
    this.parts = namedParts(parts);
    return lossOf(parts);
  }

  #pieces(feeds: Tensors, targets: DetectionTargets): Piece[] {
    const { batch, images, perImage } = this.#layout;
    const cut = Object.entries(feeds).filter(([name]) => perImage.has(name));
    return Array.from({ length: batch / images }, (_, index) => {
      const [first, end] = [index * images, (index + 1) * images];
      const rows = targets.rows.length / batch;
      return {
        feeds: Object.fromEntries(cut.map(([name, tensor]) => [name, imagesOf(tensor, first, end)])),
        targets: {
          counts: targets.counts.subarray(first, end),
          rows: targets.rows.subarray(first * rows, end * rows),
          weights: targets.weights.subarray(first, end),
        },
      };
    });
  }

  async release(): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.release()));
  }
}

/** A view of some images of a batch. */
function imagesOf(tensor: Tensor, first: number, end: number): Tensor {
  const [batch, ...rest] = tensor.shape as [number, ...number[]];
  const each = tensor.data.length / batch;
  return { ...tensor, shape: [end - first, ...rest], data: tensor.data.subarray(first * each, end * each) };
}
