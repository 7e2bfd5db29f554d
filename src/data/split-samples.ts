/** Holds out validation samples by seed, the same share of each class. */
import { Random } from '../shared/random.ts';
import type { OpenOptions, Sample } from './dataset.ts';

/**
 * Draws round(n · share) of each class's n samples, but at least one and not all, for validation; a single sample trains.
 * A class's draw depends on its own samples and name alone, so that adding a class moves nothing else. Both parts keep
 * the order of `samples`.
 */
export function splitSamples(
  samples: readonly Sample[],
  classes: readonly string[],
  { validationShare, seed }: OpenOptions,
): { train: Sample[]; validation: Sample[] } {
  const members: number[][] = classes.map(() => []);
  for (const [index, { label }] of samples.entries()) members[label]!.push(index);
  const random = new Random(seed).fork('split');
  const held = new Uint8Array(samples.length);
  for (const [label, indices] of members.entries()) {
    const count = Math.min(Math.max(Math.round(indices.length * validationShare), 1), indices.length - 1);
    for (const index of random.fork(classes[label]!).shuffle(indices).slice(0, Math.max(count, 0))) held[index] = 1;
  }
  return {
    train: samples.filter((_, index) => held[index] === 0),
    validation: samples.filter((_, index) => held[index] === 1),
  };
}
