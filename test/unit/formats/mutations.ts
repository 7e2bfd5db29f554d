/** Damaged copies of a valid file, the same for the same seed: what a parser of foreign files has to survive. */
import { Random } from '../../../src/shared/random.ts';

/** Bytes that mean something to some parser: ends of ranges, signs, quotes, brackets, tags. */
const TELLING = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x22, 0x2c, 0x2d, 0x39, 0x3a, 0x5b, 0x5d, 0x7b, 0x7d, 0x0a];

/** Up to eight changes a copy: most are still near enough to valid to get deep into the parser. */
export function* mutations(seeds: readonly Uint8Array[], count: number): Generator<Uint8Array> {
  const random = new Random(1);
  for (let i = 0; i < count; i++) {
    let bytes = Uint8Array.from(seeds[i % seeds.length]!);
    const changes = 1 + Math.floor(random.uniform(0, 8) ** 2 / 8);
    for (let change = 0; change < changes; change++) bytes = mutate(bytes, random);
    yield bytes;
  }
}

function mutate(bytes: Uint8Array<ArrayBuffer>, random: Random): Uint8Array<ArrayBuffer> {
  const below = (limit: number): number => Math.floor(random.uniform(0, limit));
  const at = below(bytes.length + 1);
  const length = below(Math.min(40, bytes.length + 1 - at));
  switch (below(7)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
      return bytes;
    case 1:
      bytes[at] = TELLING[below(TELLING.length)]!;
      return bytes;
    case 2:
      return bytes.slice(0, at);
    case 3:
      return spliced(bytes, at, length, new Uint8Array());
    case 4:
      return spliced(bytes, at, 0, bytes.slice(at, at + length));
    case 5:
      return spliced(
        bytes,
        at,
        0,
        Uint8Array.from({ length }, () => below(256)),
      );
    default: {
      const from = below(bytes.length);
      return spliced(bytes, at, length, bytes.slice(from, from + length));
    }
  }
}

function spliced(bytes: Uint8Array, at: number, removed: number, put: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...bytes.subarray(0, at), ...put, ...bytes.subarray(at + removed)]);
}
