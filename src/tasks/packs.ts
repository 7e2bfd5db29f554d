/** Engine packs for the editor: those that are here or could be, their installation and their removal. */
import { installPack, isNewer, removePack } from '../engines/packs/install.ts';
import { listPacks } from '../engines/packs/installed.ts';
import type { BrokenPack, InstalledPack } from '../engines/packs/installed.ts';
import { checkFit, type Machine, thisMachine } from '../engines/packs/machine.ts';
import { PACK_NAMES, sizeOf } from '../engines/packs/manifest.ts';
import type { PackName } from '../engines/packs/manifest.ts';
import { hasIndex, isPackName, lookUp } from '../engines/packs/sources.ts';
import { InputError, messageOf } from '../shared/errors.ts';
import type { PackOption } from '../shared/protocol/engines.ts';
import type { Task } from './task.ts';

/** All packs that there are for this system. What an index cannot tell goes to `log`: the list is of use without it. */
export async function packsHere(log: (text: string) => void): Promise<readonly PackOption[]> {
  if (`${process.platform}-${process.arch}` !== 'linux-x64') return [];
  const present = listPacks();
  const machine = hasIndex() ? await thisMachine() : null;
  return Promise.all(
    PACK_NAMES.map(async (name) => {
      const pack = present.find((each) => each.name === name);
      const listed = machine === null ? null : await listedFor(name, machine, pack, log);
      return { name, ...stateOf(pack), listed };
    }),
  );
}

function stateOf(pack: InstalledPack | BrokenPack | undefined): Pick<PackOption, 'version' | 'bytes' | 'fault'> {
  if (pack === undefined) return { version: null, bytes: null, fault: null };
  if (!('manifest' in pack)) return { version: null, bytes: null, fault: pack.reason };
  return { version: pack.manifest.version, bytes: sizeOf(pack.manifest.files), fault: null };
}

async function listedFor(
  name: PackName,
  machine: Machine,
  present: InstalledPack | BrokenPack | undefined,
  log: (text: string) => void,
): Promise<PackOption['listed']> {
  try {
    const listed = await lookUp(name);
    checkFit(listed, machine, name);
    const { version, bytes, unpackedBytes } = listed;
    const newer = present === undefined || !('manifest' in present) || isNewer(listed, present);
    return { version, bytes, unpackedBytes, newer };
  } catch (error) {
    log(`no pack ${name} is offered: ${messageOf(error)}`);
    return null;
  }
}

export const installEngine: Task<'install-pack'> = async ({ pack }, { progress }) => {
  const { bytes, unpackedBytes } = isPackName(pack) ? await lookUp(pack) : { bytes: 0, unpackedBytes: 0 };
  const { name, manifest } = await installPack(pack, {
    onProgress: ({ phase, done, total }) => {
      // Of a file nobody knows the whole before its manifest is read.
      if (bytes === 0) progress(done, total === 0 ? null : total);
      else progress(phase === 'unpack' ? bytes + done : done, bytes + unpackedBytes);
    },
  });
  return { pack: name, version: manifest.version };
};

export const removeEngine: Task<'remove-pack'> = async ({ pack }) => {
  if (!isPackName(pack)) throw new InputError('is no name of a pack', { file: pack });
  await removePack(pack);
  return { pack, version: null };
};
