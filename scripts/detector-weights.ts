/** Writes a checkpoint of a detector anew with other weights: its pickle, which says what the network is, stays as it was. */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { halvesOfFloats } from '../src/formats/half.ts';
import { openStoredZip } from '../src/formats/stored-zip.ts';
import { openTorchCheckpoint } from '../src/formats/torch-checkpoint.ts';
import type { TorchTensor } from '../src/formats/torch-globals.ts';
import { readCheckpoint } from '../src/models/yolo/checkpoint.ts';
import type { TorchModule } from '../src/models/yolo/module.ts';

/** Each member begins as if it were written then: the same weights give the same file. */
const WHEN = new Date('2026-01-01T00:00:00Z');

/** `weights` by their names in the state dict, `model.0.conv.weight`, in whole precision; the file keeps halves. */
export async function writeDetectorWeights(
  from: string,
  to: string,
  weights: ReadonlyMap<string, Float32Array>,
): Promise<void> {
  const checkpoint = await openTorchCheckpoint(from);
  const network = readCheckpoint(checkpoint.root, from).model;
  const bytesBy = new Map(
    [...weights].map(([name, values]) => {
      const { storage, offset } = tensorAt(network, name);
      if (storage.element.dtype !== 'float16' || offset !== 0 || storage.length !== values.length) {
        throw new Error(`${name} is no storage of ${values.length} halves of its own`);
      }
      const halves = halvesOfFloats(values);
      return [storage.key, Buffer.from(halves.buffer, halves.byteOffset, halves.byteLength)] as const;
    }),
  );
  checkpoint.close();
  const source = await openStoredZip(from);
  const zip = new ZipFile();
  for (const name of source.names) {
    const [, key = ''] = /\/data\/(\w+)$/.exec(name) ?? [];
    const bytes = bytesBy.get(key) ?? Buffer.from(source.read(name, 0, source.sizeOf(name)!));
    zip.addBuffer(bytes, name, { compress: false, mtime: WHEN });
  }
  source.close();
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(to));
}

function tensorAt(network: TorchModule, name: string): TorchTensor {
  const path = name.split('.');
  const last = path.pop()!;
  const module = path.reduce((parent, child) => parent.child(child), network);
  return module.tensor(last) ?? module.fail(`has no ${last}`);
}
