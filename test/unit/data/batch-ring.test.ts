import { describe, expect, it } from 'vitest';
import { claim, createRing, deliver, isComplete, stop, take } from '../../../src/data/batch-ring.ts';

const ring = (samples: number, batch = 2, imageBytes = 1) =>
  createRing({ order: Int32Array.from({ length: samples }, (_, i) => 100 + i), view: 3, batch, imageBytes });

describe('batch ring', () => {
  it('hands out samples in order, once each, and tells which delivery completes a batch', () => {
    const shared = ring(3);
    const claims = [claim(shared)!, claim(shared)!, claim(shared)!];
    expect(claim(shared)).toBeUndefined();
    expect(claims).toEqual([
      { sample: 100, batch: 0, place: 0 },
      { sample: 101, batch: 0, place: 1 },
      { sample: 102, batch: 1, place: 0 },
    ]);
    expect(deliver(shared, claims[1]!, Uint8Array.of(11))).toBe(false);
    expect(isComplete(shared, 0)).toBe(false);
    expect(deliver(shared, claims[2]!, Uint8Array.of(12))).toBe(true);
    expect(deliver(shared, claims[0]!, Uint8Array.of(10))).toBe(true);
    expect(take(shared, 0).images).toEqual(Uint8Array.of(10, 11));
    // Padded to the batch.
    expect(take(shared, 1).images).toEqual(Uint8Array.of(12, 0));
  });

  it('uses a slot again for a later batch, without what was in it', () => {
    const shared = ring(12, 1);
    const images = Array.from({ length: 12 }, (_, batch) => {
      const claimed = claim(shared)!;
      expect(isComplete(shared, batch)).toBe(false);
      deliver(shared, claimed, batch % 5 === 0 ? 'broken ✗' : Uint8Array.of(batch));
      return take(shared, batch);
    });
    expect(images.map((image) => image.images[0])).toEqual([0, 1, 2, 3, 4, 0, 6, 7, 8, 9, 0, 11]);
    expect(images.map(({ faults }) => faults.get(0))).toEqual(
      Array.from({ length: 12 }, (_, i) => (i % 5 === 0 ? 'broken ✗' : undefined)),
    );
  });

  it('cuts a long reason and keeps its neighbours whole', () => {
    const shared = ring(2);
    const [first, second] = [claim(shared)!, claim(shared)!];
    deliver(shared, first, 'x'.repeat(5000));
    deliver(shared, second, 'short');
    const { faults } = take(shared, 0);
    expect(faults.get(0)).toMatch(/^x{100,200}$/);
    expect(faults.get(1)).toBe('short');
  });

  it('bounds its memory by having fewer slots for large batches, but two', () => {
    expect(ring(1000, 64, 224 * 224 * 3).slots).toBe(4);
    expect(ring(1000, 256, 224 * 224 * 3).slots).toBe(3);
    expect(ring(1000, 512, 512 * 512 * 3).slots).toBe(2);
  });

  it('lets workers go when it is stopped, also those that would have to wait', () => {
    const shared = ring(100, 1);
    for (let i = 0; i < shared.slots; i++) claim(shared);
    stop(shared);
    expect(claim(shared)).toBeUndefined();
  });
});
