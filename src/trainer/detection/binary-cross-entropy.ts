/**
 * Binary cross-entropy of logits against zeros, the bulk of a detector's class loss: millions of elements a batch, of which a few hundred
 * have another target and are corrected afterwards. softplus(x) = max(x, 0) + ln(1 + e^−|x|), its derivative σ(x). By WebAssembly's
 * 128-bit vectors (binary-cross-entropy.wat), a part that fits its memory, and the caches, after the other.
 */
import { instantiate } from '../../data/webassembly.ts';
import { BINARY_CROSS_ENTROPY_WASM } from './binary-cross-entropy-wasm.ts';

const BYTES = Float32Array.BYTES_PER_ELEMENT;
/** Elements at a time, from the start of the memory. */
const PART = 8192;
/** Elements whose sums are kept in float32; products of so many factors between 1 and 2, a lane's share of them, stay far below its largest. */
const BLOCK = 256;
const LANES = 4;

interface Kernels {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly againstZero: (at: number, end: number, scale: number, sums: number) => void;
}

/** Of this thread. */
let kernels: (Pick<Kernels, 'againstZero'> & { readonly part: Float32Array; readonly sums: Float32Array }) | undefined;

/** Σ softplus(x) over a range; writes `scale` · σ(x) to the same range of `gradients`. To six digits. */
export function againstZero(
  logits: Float32Array,
  gradients: Float32Array,
  { from, to }: { readonly from: number; readonly to: number },
  scale: number,
): number {
  const vectors = (kernels ??= open());
  const { part, sums } = vectors;
  let sum = 0;
  for (let start = from; start < to; start += PART) {
    const count = Math.min(PART, to - start);
    part.set(logits.subarray(start, start + count));
    const end = LANES * Math.ceil(count / LANES);
    part.fill(-Infinity, count, end);
    for (let at = 0; at < end; at += BLOCK) {
      vectors.againstZero(BYTES * at, BYTES * Math.min(at + BLOCK, end), scale, BYTES * PART);
      let product = 1;
      for (let lane = 0; lane < LANES; lane++) {
        sum += sums[lane]!;
        product *= 1 + sums[LANES + lane]!;
      }
      sum += Math.log(product);
    }
    gradients.set(part.subarray(0, count), start);
  }
  return sum;
}

function open(): NonNullable<typeof kernels> {
  const { memory, againstZero } = instantiate(BINARY_CROSS_ENTROPY_WASM) as Kernels;
  return {
    againstZero,
    part: new Float32Array(memory.buffer, 0, PART),
    sums: new Float32Array(memory.buffer, BYTES * PART, 2 * LANES),
  };
}
