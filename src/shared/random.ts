/**
 * Seeded random numbers: the same seed gives the same numbers on every machine, which a resumed run relies on.
 * xoshiro128** 1.1 (Blackman and Vigna 2018), its state filled by SplitMix64 (Steele, Lea and Flood 2014).
 */

const WORD = 2 ** 32;
const MASK_64 = (1n << 64n) - 1n;

/** Everything a generator is, as JSON: what a checkpoint keeps. */
export interface RandomState {
  /** 64 bits, hexadecimal: what the forks are derived from. */
  readonly key: string;
  readonly words: readonly [number, number, number, number];
}

export class Random {
  readonly #key: bigint;
  readonly #words: Uint32Array;

  /** `seed` is an integer of at most 64 bits. */
  constructor(seed: number | bigint) {
    this.#key = BigInt.asUintN(64, BigInt(seed));
    const fill = splitMix64(this.#key);
    const [low, high] = [fill(), fill()];
    this.#words = Uint32Array.of(
      Number(low % BigInt(WORD)),
      Number(low >> 32n),
      Number(high % BigInt(WORD)),
      Number(high >> 32n),
    );
  }

  /**
   * An independent generator for a part of the work. It depends on the seed and the label alone, not on how many numbers
   * were drawn before, so that parts may be done in any order or left out.
   */
  fork(label: string | number): Random {
    let hash = splitMix64(this.#key)();
    // FNV-1a over the code points; SplitMix64 of the new generator spreads what FNV leaves close together.
    for (const character of String(label))
      hash = ((hash ^ BigInt(character.codePointAt(0)!)) * 0x100000001b3n) & MASK_64;
    return new Random(hash);
  }

  /** 32 random bits. */
  next(): number {
    const s = this.#words;
    const result = Math.imul(rotateLeft(Math.imul(s[1]!, 5), 7), 9) >>> 0;
    const shifted = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= shifted;
    s[3] = rotateLeft(s[3]!, 11);
    return result;
  }

  /** Uniform in [low, high), in steps of (high − low) / 2³². */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.next() / WORD);
  }

  /** Standard normal, by Box and Muller; the second number of the pair is dropped so that the state stays four words. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Uniform integer in [0, n), 1 ≤ n ≤ 2³²: draws from the last incomplete round of n are rejected, so none is favoured. */
  int(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > WORD)
      throw new RangeError(`int(${n}): n must be an integer from 1 to 2^32`);
    const limit = WORD - (WORD % n);
    let drawn = this.next();
    while (drawn >= limit) drawn = this.next();
    return drawn % n;
  }

  /** Shuffles in place (Fisher and Yates) and returns the array. */
  shuffle<T>(array: T[]): T[] {
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      [array[i], array[j]] = [array[j]!, array[i]!];
    }
    return array;
  }

  state(): RandomState {
    const [a, b, c, d] = this.#words;
    return { key: this.#key.toString(16), words: [a!, b!, c!, d!] };
  }

  static restore({ key, words }: RandomState): Random {
    const random = new Random(BigInt(`0x${key}`));
    random.#words.set(words);
    return random;
  }
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** A stream of 64-bit words from a 64-bit seed. */
export function splitMix64(seed: bigint): () => bigint {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b97f4a7c15n) & MASK_64;
    let word = state;
    word = ((word ^ (word >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK_64;
    word = ((word ^ (word >> 27n)) * 0x94d049bb133111ebn) & MASK_64;
    return word ^ (word >> 31n);
  };
}
