import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { decodeImageSync } from '../../../src/data/decode-image.ts';
import { InputError } from '../../../src/shared/errors.ts';
import { Random } from '../../../src/shared/random.ts';
import { IMAGES } from './images.ts';

const FILES = 10_000;

it(`decodes ${FILES} damaged images or refuses them with an InputError, and nothing else`, async () => {
  const random = new Random(2026);
  let decoded = 0;
  let refused = 0;
  for (let i = 0; i < FILES; i++) {
    const { file, name } = IMAGES[random.int(IMAGES.length)]!;
    const damaged = damage(file, random);
    if (name.endsWith('.png') && random.uniform() < 0.8) repairChecksums(damaged);
    try {
      const { width, height, data } = decodeImageSync(damaged, name);
      expect(data.length).toBe(width * height * 3);
      decoded++;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      expect(error.message.startsWith(`${name}: `) && !error.message.includes('\n')).toBe(true);
      refused++;
    }
    // Lets the decoder's buffers be freed.
    if (i % 100 === 0) await turn();
  }
  // Else the damage would be too small, or too large to get beyond the first check.
  expect(decoded).toBeGreaterThan(FILES / 20);
  expect(refused).toBeGreaterThan(FILES / 4);
});

/** A few bytes changed, removed or inserted, half of them in the header. */
function damage(file: Uint8Array, random: Random): Uint8Array {
  let bytes = file.slice();
  for (let n = 1 + random.int(6); n > 0; n--) {
    const at = random.int(Math.max(random.uniform() < 0.5 ? Math.min(bytes.length, 64) : bytes.length, 1));
    switch (random.int(5)) {
      case 0:
        bytes[at] = random.int(256);
        break;
      case 1:
        bytes[at] = [0, 255, 127, 128][random.int(4)]!;
        break;
      case 2:
        bytes[at]! ^= 1 << random.int(8);
        break;
      case 3:
        bytes = Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(at + 1 + random.int(8)));
        break;
      case 4:
        bytes = Uint8Array.of(...bytes.subarray(0, at), random.int(256), random.int(256), ...bytes.subarray(at));
        break;
    }
  }
  return random.uniform() < 0.1 ? bytes.subarray(0, random.int(bytes.length + 1)) : bytes;
}

/** Writes the right checksum behind each chunk, so that the damage reaches the decoder behind them. */
function repairChecksums(png: Uint8Array): void {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  for (let at = 8; at + 12 <= png.length;) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > png.length) return;
    view.setUint32(end, crc32(png.subarray(at + 4, end)));
    at = end + 4;
  }
}

/** The checksum of PNG; Node has had its own only since 20.15. */
function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
