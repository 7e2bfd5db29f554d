/** Engine packs for the editor: what to offer on this machine, and its installation. */
import { installPack } from '../engines/packs/install.ts';
import { findPack } from '../engines/packs/installed.ts';
import { checkFit, thisMachine } from '../engines/packs/machine.ts';
import { hasIndex, isPackName, lookUp } from '../engines/packs/sources.ts';
import { InputError } from '../shared/errors.ts';
import type { PackOffer } from '../shared/protocol/packs.ts';
import type { Task } from './task.ts';

/** The smaller of the two for CUDA, and the one that starts within seconds. */
const OFFERED = 'onnxruntime-cuda';

export const packOffer: Task<'pack-offer'> = async () => ({ offer: await offer() });

async function offer(): Promise<PackOffer | null> {
  if (!hasIndex() || findPack('onnxruntime-cuda') !== null || findPack('tensorflow-cuda') !== null) return null;
  const machine = await thisMachine();
  if (machine.driver === null) return null;
  const listed = await lookUp(OFFERED);
  checkFit(listed, machine, OFFERED);
  const { name, bytes, unpackedBytes } = listed;
  return { pack: name, bytes, unpackedBytes };
}

export const installEngine: Task<'install-pack'> = async ({ pack }, { progress }) => {
  if (!isPackName(pack)) throw new InputError('is no name of a pack', { file: pack });
  const { bytes, unpackedBytes } = await lookUp(pack);
  const total = bytes + unpackedBytes;
  const { manifest, folder } = await installPack(pack, {
    onProgress: ({ phase, done }) => {
      progress(phase === 'unpack' ? bytes + done : done, total);
    },
  });
  return { pack, version: manifest.version, folder };
};
