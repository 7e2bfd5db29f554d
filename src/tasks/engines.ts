/** What this machine can train on, with the packs that are here and those that an index has for it. */
import { engineOptions } from '../engines/options.ts';
import { packsHere } from './packs.ts';
import type { Task } from './task.ts';

/** The smaller of the two for CUDA, and the one that starts within seconds. */
const OFFERED = 'onnxruntime-cuda';

export const engines: Task<'engines'> = async (_, { log }) => {
  const [options, packs] = await Promise.all([engineOptions(), packsHere(log)]);
  const cudaIsHere = packs.some(({ name, version }) => name.endsWith('-cuda') && version !== null);
  const canBeOffered = packs.some(({ name, listed }) => name === OFFERED && listed !== null);
  const offer = options.cards.length > 0 && !cudaIsHere && canBeOffered ? OFFERED : null;
  return { ...options, packs, offer };
};
