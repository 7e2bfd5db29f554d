/** Holds out validation images by seed, where a detection dataset has none of its own. */
import { Random } from '../../shared/random.ts';
import type { DetectionSample, OpenOptions, Splits } from '../dataset.ts';

/** round(n · share) of the training images, at least one and not all; both parts keep their order. */
export function withHeldOut(
  splits: Splits<DetectionSample>,
  { validationShare, seed }: OpenOptions,
): { splits: Splits<DetectionSample>; splitSource: 'folders' | 'seed' } {
  if (splits.validation.length > 0) return { splits, splitSource: 'folders' };
  const { train } = splits;
  const count = Math.max(Math.min(Math.max(Math.round(train.length * validationShare), 1), train.length - 1), 0);
  const order = new Random(seed).fork('split').shuffle([...train.keys()]);
  const held = new Set(order.slice(0, count));
  return {
    splits: {
      train: train.filter((_, index) => !held.has(index)),
      validation: train.filter((_, index) => held.has(index)),
      test: splits.test,
    },
    splitSource: 'seed',
  };
}
