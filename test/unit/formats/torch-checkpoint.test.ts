/** Checkpoints of torch.save, made by test/parity/make_torch_fixtures.py, and what damaged ones are called. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { PickleDict, PickleSequence } from '../../../src/formats/pickle-values.ts';
import type { PickleRecord, PickleValue } from '../../../src/formats/pickle-values.ts';
import { openSafetensors } from '../../../src/formats/safetensors.ts';
import { openTorchCheckpoint } from '../../../src/formats/torch-checkpoint.ts';
import { TorchTensor } from '../../../src/formats/torch-globals.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/torch');
const directory = mkdtempSync(join(tmpdir(), 'lowrank-torch-'));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

const fixture = (name: string): string => join(FIXTURES, name);

function entry(value: PickleValue, ...path: (string | number)[]): PickleValue {
  return path.reduce<PickleValue>((inner, key) => (inner as PickleDict).get(key)!, value);
}

/** Lists and dictionaries as JavaScript has them. */
function plain(value: PickleValue): unknown {
  if (value instanceof PickleSequence) return value.items.map(plain);
  if (!(value instanceof PickleDict)) return value;
  return Object.fromEntries([...value.entries].map(([key, item]) => [key as string, plain(item)]));
}

describe.each(['tensors.pt', 'tensors-protocol-5.pt'])('%s', (name) => {
  it('gives every tensor as PyTorch has it, whatever its type and strides', async () => {
    const checkpoint = await openTorchCheckpoint(fixture(name));
    const expected = openSafetensors(fixture('tensors.safetensors'));
    const tensors = entry(checkpoint.root, 'tensors') as PickleDict;
    expect([...tensors.entries.keys()].sort()).toEqual(expected.names().sort());
    for (const [key, tensor] of tensors.entries) {
      const read = checkpoint.read(tensor as TorchTensor, key as string);
      expect(read, key as string).toEqual(expected.read(key as string));
    }
    expected.close();
    checkpoint.close();
  });

  it('gives numbers and texts', async () => {
    const checkpoint = await openTorchCheckpoint(fixture(name));
    checkpoint.close();
    expect(plain(entry(checkpoint.root, 'numbers'))).toEqual([
      ...[1, -1, 300, 70_000, 2 ** 40, -(2n ** 70n), 0.5],
      ...[true, false, null],
    ]);
    const [first, second, third] = plain(entry(checkpoint.root, 'texts')) as unknown[];
    expect([first, second, third]).toEqual(['größer', 'x'.repeat(300), { a: [], b: [1], 3: [1, 2, 3, 4] }]);
  });

  it('gives a module as the name of its class and what is in it', async () => {
    const checkpoint = await openTorchCheckpoint(fixture(name));
    const module = entry(checkpoint.root, 'module') as PickleRecord;
    expect(module.type).toBe('torch.nn.modules.linear.Linear');
    const weight = entry(module.state!, '_parameters', 'weight');
    expect(checkpoint.read(weight as TorchTensor, 'weight').data).toEqual(Float32Array.of(1, 2));
    expect(entry(module.state!, 'in_features')).toBe(2);
    checkpoint.close();
  });
});

/** The fixture with some bytes changed. */
function changed(change: (bytes: Buffer<ArrayBuffer>) => Buffer<ArrayBuffer>): string {
  const path = join(directory, 'changed.pt');
  writeFileSync(path, change(Buffer.from(readFileSync(fixture('tensors.pt')))));
  return path;
}

const refusal = (path: string): Promise<unknown> =>
  openTorchCheckpoint(path).then(
    (checkpoint) => {
      checkpoint.close();
      return 'opened';
    },
    (error: unknown) => (error as Error).message,
  );

/** The same length, so that the places of all members stay. */
function replaced(bytes: Buffer<ArrayBuffer>, from: string, to: string): Buffer<ArrayBuffer> {
  expect(from.length).toBe(to.length);
  return Buffer.from(bytes.toString('latin1').replaceAll(from, to), 'latin1');
}

describe('is refused in one sentence', () => {
  it('a foreign global, by its name, and it is not run', async () => {
    expect(await refusal(fixture('foreign-global.pt'))).toMatch(
      /foreign-global\.pt: data\.pkl: names (posix|nt)\.system, which no checkpoint of a supported model needs; it was not run/,
    );
  });

  it('the form before PyTorch 1.6', async () => {
    expect(await refusal(fixture('older-form.pt'))).toMatch(
      /has the form of PyTorch before 1\.6; load it there and save/,
    );
  });

  it('another file, an empty one, a truncated one', async () => {
    expect(await refusal(fixture('tensors.safetensors'))).toMatch(/is no checkpoint of torch\.save \(no zip file\)$/);
    expect(await refusal(changed(() => Buffer.alloc(0)))).toMatch(/is no checkpoint of torch\.save \(no zip file\)$/);
    expect(await refusal(changed((bytes) => bytes.subarray(0, 4000)))).toMatch(
      /is no zip file, or a damaged one: .*; copy/,
    );
  });

  it('TorchScript', async () => {
    expect(await refusal(fixture('script.pt'))).toMatch(/is TorchScript, a program; save the model itself/);
  });

  it('a big-endian machine', async () => {
    expect(await refusal(changed((bytes) => replaced(bytes, 'little', 'biggie')))).toMatch(/big-endian machine/);
  });

  it('a tensor that reaches beyond its storage, or whose storage has another size', async () => {
    const checkpoint = await openTorchCheckpoint(fixture('tensors.pt'));
    const { storage } = entry(checkpoint.root, 'tensors', 'fp32') as TorchTensor;
    const view = (offset: number, shape: number[], strides: number[]): unknown =>
      checkpoint.read(new TorchTensor(storage, offset, shape, strides), 'weight');
    expect(view(0, [24], [1])).toBeDefined();
    for (const [offset, shape, strides] of [
      [1, [24], [1]],
      [0, [5], [6]],
      [0, [1000, 1000], [0, 0]],
      [2 ** 52, [1], [1]],
    ] as const) {
      expect(() => view(offset, [...shape], [...strides])).toThrow('does not lie within its storage of 24 elements');
    }
    checkpoint.close();
  });

  it('tensors that are more than the file several times over', async () => {
    const checkpoint = await openTorchCheckpoint(fixture('tensors.pt'));
    const tensor = entry(checkpoint.root, 'tensors', 'fp64') as TorchTensor;
    expect(() => {
      for (let i = 0; i < 10_000; i++) checkpoint.read(tensor, 'weight');
    }).toThrow('its tensors together are larger than the file several times over');
    checkpoint.close();
  });
});
