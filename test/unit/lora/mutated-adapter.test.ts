/** Adapters come from the internet: whatever is changed in one, it is read or refused in one line, and nothing else happens. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { inspectAdapter } from '../../../src/lora/inspect.ts';
import { readAdapter } from '../../../src/lora/read-adapter.ts';
import { InputError } from '../../../src/shared/errors.ts';
import { Random } from '../../../src/shared/random.ts';
import { folderOf } from './golden.ts';

/** The parsers underneath have 10 000 each in their own tests. */
const MUTATIONS = 1500;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lowrank-mutated-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Replaces, inserts or cuts a few bytes; digits and quotes are likelier than others, since they keep JSON alive. */
function mutate(bytes: Buffer, random: Random): Buffer {
  let mutated = Buffer.from(bytes);
  const likely = Buffer.from('0123456789"{}[],:.-nulltruefalse\\');
  for (let i = 0; i <= random.int(4); i++) {
    const at = random.int(mutated.length);
    const byte = random.int(3) === 0 ? random.int(256) : likely[random.int(likely.length)]!;
    const kind = random.int(4);
    if (kind < 2) mutated[at] = byte;
    else if (kind === 2) mutated = Buffer.concat([mutated.subarray(0, at), Buffer.of(byte), mutated.subarray(at)]);
    else
      mutated = Buffer.concat([
        mutated.subarray(0, at),
        mutated.subarray(Math.min(mutated.length, at + 1 + random.int(8))),
      ]);
  }
  return mutated;
}

it.each(['adapter_config.json', 'adapter_model.safetensors'])('%s', (name) => {
  const random = new Random(8).fork(name);
  const outcomes = { read: 0, refused: 0 };
  for (const source of ['patterns', 'dora'] as const) {
    cpSync(folderOf(source), folder, { recursive: true });
    const original = readFileSync(join(folder, name));
    for (let i = 0; i < MUTATIONS; i++) {
      writeFileSync(join(folder, name), mutate(original, random));
      try {
        inspectAdapter(readAdapter(folder, { assumeAlpha: true }));
        outcomes.read += 1;
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
        expect((error as InputError).message).not.toContain('\n');
        outcomes.refused += 1;
      }
    }
  }
  // Both happen, so the mutations are neither harmless nor all fatal.
  expect(outcomes.read).toBeGreaterThan(50);
  expect(outcomes.refused).toBeGreaterThan(500);
});
