/**
 * Damaged checkpoints: whatever they hold, opening one gives a detector or an `InputError` of one line, and nothing hangs. 10 000 are of a
 * small file of tensors, which reaches every operation of the pickle; 300 are of a whole detector, in what its pickle says.
 */
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { PickleDict } from '../../../src/formats/pickle-values.ts';
import { openTorchCheckpoint } from '../../../src/formats/torch-checkpoint.ts';
import { TorchTensor } from '../../../src/formats/torch-globals.ts';
import { openYolo } from '../../../src/models/yolo/open.ts';
import { InputError } from '../../../src/shared/errors.ts';
import { mutations } from '../formats/mutations.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const directory = mkdtempSync(join(tmpdir(), 'lowrank-mutated-'));
const path = join(directory, 'model.pt');
const descriptor = openSync(path, 'w');
afterAll(() => {
  closeSync(descriptor);
  rmSync(directory, { recursive: true });
});

/** How many of the files were opened, and how many refused. */
async function outcomes(files: Iterable<Uint8Array>, open: () => Promise<void>) {
  const counts = { opened: 0, refused: 0 };
  for (const bytes of files) {
    // Changed in place: making 10 000 files takes minutes on a busy disk.
    ftruncateSync(descriptor, bytes.length);
    writeSync(descriptor, bytes, 0, bytes.length, 0);
    try {
      await open();
      counts.opened++;
    } catch (error) {
      if (!(error instanceof InputError) || error.message.includes('\n')) {
        throw new Error(`escaped from ${Buffer.from(bytes).toString('base64').slice(0, 20_000)}`, { cause: error });
      }
      counts.refused++;
    }
  }
  return counts;
}

const COUNT = Number(process.env['LOWRANK_MUTATIONS'] ?? 300);

it('10 000 files of tensors', async () => {
  const seeds = ['tensors.pt', 'tensors-protocol-5.pt'].map((name) => readFileSync(join(FIXTURES, 'torch', name)));
  const { opened, refused } = await outcomes(mutations(seeds, 10_000), async () => {
    const checkpoint = await openTorchCheckpoint(path);
    try {
      const tensors = checkpoint.root instanceof PickleDict ? checkpoint.root.get('tensors') : undefined;
      if (!(tensors instanceof PickleDict)) return;
      for (const tensor of tensors.entries.values()) {
        if (tensor instanceof TorchTensor) checkpoint.read(tensor, 'tensor');
      }
    } finally {
      checkpoint.close();
    }
  });
  expect(opened).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(100);
});

/** Damage of the pickle alone: that of the numbers is of no interest, and they are most of the file. */
function* damagedPickles(file: string, count: number): Generator<Uint8Array> {
  const bytes = readFileSync(file);
  const start = bytes.indexOf(Buffer.from([0x80, 2, 0x7d]));
  const end = bytes.indexOf('PK', start + 1, 'latin1');
  for (const pickle of mutations([bytes.subarray(start, end)], count)) {
    const copy = Uint8Array.from(bytes);
    // The directory tells where members lie, so the length stays.
    copy.set(pickle.subarray(0, end - start), start);
    yield copy;
  }
}

it.each(['yolov8', 'yolo12', 'yolo26'])('detectors: %s', async (family) => {
  const files = damagedPickles(join(FIXTURES, 'yolo', `${family}.pt`), Math.ceil(COUNT / 3));
  const { opened, refused } = await outcomes(files, async () => {
    await openYolo(path);
  });
  expect(opened).toBeGreaterThan(0);
  expect(refused).toBeGreaterThan(0);
});
