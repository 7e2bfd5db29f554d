import { Random } from '../shared/random.ts';

/** The order of an epoch's samples: a function of these alone, so that a resumed run meets the batches it would have met. */
export function epochOrder(count: number, seed: number, epoch: number, shuffle: boolean): Int32Array {
  const order = Array.from({ length: count }, (_, index) => index);
  return Int32Array.from(shuffle ? new Random(seed).fork('order').fork(epoch).shuffle(order) : order);
}
