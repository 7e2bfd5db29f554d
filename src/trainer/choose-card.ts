/** Which of several cards a run computes on, and that CUDA sees that one alone. */
import { env } from 'node:process';
import { holderOf } from '../engines/device-lease.ts';
import { isCalled } from '../formats/nvidia.ts';
import type { NvidiaCard } from '../formats/nvidia.ts';
import { InputError } from '../shared/errors.ts';

/** Differences below this are of the driver's own making, and do not decide between two cards. */
const GRAIN_BYTES = 2 ** 30;

/**
 * `device` is a job's: `auto` takes a card that no run has, of these the one with the most free memory. `isTaken` is asked for a card's UUID.
 * Throws an `InputError` that lists the cards where the named one is not there.
 */
export function chooseCard(
  device: string,
  cards: readonly NvidiaCard[],
  isTaken = (uuid: string): boolean => holderOf(uuid) !== null,
): NvidiaCard {
  const named = device === 'auto' ? undefined : cards.find((card) => isCalled(card, device));
  if (named !== undefined) return named;
  if (device !== 'auto' || cards.length === 0) throw noSuchCard(device, cards);
  const freeOf = ({ memory, memoryUsed }: NvidiaCard): number => Math.round((memory - memoryUsed) / GRAIN_BYTES);
  const ranked = cards.map((card) => ({ card, taken: Number(isTaken(card.uuid)), free: freeOf(card) }));
  return ranked.toSorted((a, b) => a.taken - b.taken || b.free - a.free || a.card.index - b.card.index)[0]!.card;
}

export function noSuchCard(device: string, cards: readonly NvidiaCard[]): InputError {
  const there = cards.map(({ index, name }) => `${index} (${name})`).join(', ');
  return new InputError(
    there === ''
      ? `there is no card ${device}: nvidia-smi tells none that CUDA may use; leave device out`
      : `there is no card ${device}; there are ${there}`,
    { field: 'device' },
  );
}

/**
 * Before CUDA is loaded, which reads it once. By UUID, since CUDA counts by speed where nvidia-smi counts by place. A card that is alone
 * is left as it is.
 */
export function useCard(card: NvidiaCard, cards: readonly NvidiaCard[]): void {
  if (cards.length > 1) env['CUDA_VISIBLE_DEVICES'] = card.uuid;
}
