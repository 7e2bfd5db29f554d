import { describe, expect, it } from 'vitest';
import { ahead, inSharedMemory } from '../../../src/trainer/ahead.ts';

async function* counting(to: number, made: number[] = []): AsyncGenerator<number, void, undefined> {
  for (let value = 0; value < to; value++) {
    made.push(value);
    yield value;
  }
  await Promise.resolve();
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('ahead', () => {
  it('gives the values of its source in their order', async () => {
    const given: number[] = [];
    for await (const value of ahead(counting(4))) given.push(value);
    expect(given).toEqual([0, 1, 2, 3]);
  });

  it('makes one value ahead, and not before the consumer waits', async () => {
    const made: number[] = [];
    for await (const value of ahead(counting(9, made))) {
      expect(made.at(-1)).toBe(value);
      await turn();
      await turn();
      expect(made.at(-1)).toBe(value + 1);
      if (value === 3) break;
    }
    expect(made).toEqual([0, 1, 2, 3, 4]);
  });

  it('ends its source with itself', async () => {
    let ended = false;
    async function* source(): AsyncGenerator<number, void, undefined> {
      try {
        yield* counting(5);
      } finally {
        ended = true;
      }
    }
    for await (const value of ahead(source())) if (value === 1) break;
    expect(ended).toBe(true);
  });

  it('tells a fault of its source when that value’s turn comes', async () => {
    async function* source(): AsyncGenerator<number, void, undefined> {
      yield* counting(2);
      throw new Error('unreadable');
    }
    const given: number[] = [];
    await expect(async () => {
      for await (const value of ahead(source())) {
        given.push(value);
        await turn();
      }
    }).rejects.toThrow('unreadable');
    expect(given).toEqual([0, 1]);
  });
});

describe('batches in shared memory', () => {
  it('have the images of their source, the one before untouched', async () => {
    async function* source() {
      for (let index = 0; index < 5; index++) {
        await Promise.resolve();
        yield { index, images: new Uint8Array(4).fill(index) };
      }
    }
    let before: { index: number; images: Uint8Array } | undefined;
    for await (const batch of inSharedMemory(source())) {
      expect(batch.images.buffer).toBeInstanceOf(SharedArrayBuffer);
      for (const { index, images } of [batch, before ?? batch]) expect([...images]).toEqual(Array(4).fill(index));
      before = batch;
    }
    expect(before!.index).toBe(4);
  });
});
