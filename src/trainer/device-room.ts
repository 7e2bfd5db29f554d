/** Whether other programs leave a run enough of its card. Lowrank's own runs are waited for; of others one only knows that they are there. */
import { cardProcesses, nvidiaCards } from '../formats/nvidia.ts';
import type { CardProcess, NvidiaCard } from '../formats/nvidia.ts';
import { InputError } from '../shared/errors.ts';
import { formatBytes } from '../shared/format.ts';
import type { ChosenDevice } from './choose-engine.ts';

/** `needed`: bytes. Throws an `InputError` that names the processes which have taken too much of the card. */
export async function checkRoom(needed: number, { card: chosen }: ChosenDevice): Promise<void> {
  if (chosen === null) return;
  // As of now: it may have been waited for.
  const card = (await nvidiaCards()).find(({ uuid }) => uuid === chosen.uuid);
  if (card === undefined || needed <= card.memory - card.memoryUsed) return;
  throw tooFull(needed, card, await cardProcesses());
}

export function tooFull(needed: number, card: NvidiaCard, processes: readonly CardProcess[]): InputError {
  const { index, uuid, memory, memoryUsed } = card;
  const others = processes.filter((each) => each.uuid === uuid && each.pid !== process.pid).map(processText);
  const who = others.length === 0 ? 'other programs' : others.join(', ');
  return new InputError(
    `a step needs ${formatBytes(needed)}, and GPU ${index} has ${formatBytes(memory - memoryUsed)} of ${formatBytes(memory)} free: ` +
      `${who} ${others.length === 1 ? 'has' : 'have'} the rest; end them, choose another device, or a smaller training.batch`,
    { field: 'device' },
  );
}

function processText({ pid, name, memory }: CardProcess): string {
  const told = [name, memory === null ? null : formatBytes(memory)].filter((part) => part !== null);
  return `process ${pid}${told.length === 0 ? '' : ` (${told.join(', ')})`}`;
}
