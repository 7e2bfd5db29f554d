/** Resampling by WebAssembly's 128-bit vectors: resample.wat does the work, here its memory is laid out. Bit for bit what resample.ts gives. */
import type { ResampledPart } from './rectangle.ts';
import type { Weights } from './resample-weights.ts';
import { RESAMPLE_WASM } from './resample-wasm.ts';
import { instantiate } from './webassembly.ts';

/** WebAssembly's memory grows and is never given back, and each decoding thread has its own: this is an image of 20 megapixels. */
const MAX_BYTES = 64 * 2 ** 20;
const PAGE_BYTES = 2 ** 16;
/** The vectors read and write past the last pixel. */
const PAST = 8;
const CHANNELS = 3;

interface Kernels {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  rows(
    from: number,
    stride: number,
    rows: number,
    starts: number,
    counts: number,
    weights: number,
    taps: number,
    width: number,
    to: number,
  ): void;
  columns(from: number, stride: number, count: number, weights: number, width: number, to: number): void;
}

/** Of this thread. */
let kernels: Kernels | undefined;

/** Undefined for an image that is too large to be taken in. */
export function resampleByVectors(
  { image, box, rows, window }: ResampledPart,
  across: Weights,
  down: Weights,
): Uint8Array | undefined {
  const stride = CHANNELS * image.width;
  const first = (box.y + rows.top) * stride;
  const pixels = image.data.subarray(first, first + rows.count * stride);
  const line = CHANNELS * window.width;
  const place = new Places();
  const source = place.of(pixels.length + PAST);
  const lines = place.of(rows.count * line + PAST);
  const result = place.of(window.height * line + PAST);
  const tables = [across.starts, across.counts, across.weights, down.weights].map((table) => ({
    table,
    at: place.of(table.byteLength),
  }));
  if (place.end > MAX_BYTES) return undefined;
  const vectors = (kernels ??= instantiate(RESAMPLE_WASM) as Kernels);
  const { memory } = vectors;
  if (place.end > memory.buffer.byteLength) {
    memory.grow(Math.ceil((place.end - memory.buffer.byteLength) / PAGE_BYTES));
  }
  new Uint8Array(memory.buffer).set(pixels, source);
  for (const { table, at } of tables) new Int32Array(memory.buffer, at, table.length).set(table);
  const [starts, counts, weights, downWeights] = tables.map(({ at }) => at) as [number, number, number, number];
  const skipped = Int32Array.BYTES_PER_ELEMENT * window.x;
  vectors.rows(
    source + CHANNELS * box.x,
    stride,
    rows.count,
    starts + skipped,
    counts + skipped,
    weights + skipped * across.taps,
    across.taps,
    window.width,
    lines,
  );
  for (let row = 0; row < window.height; row++) {
    const y = window.y + row;
    const from = lines + (down.starts[y]! - rows.top) * line;
    const tap = downWeights + Int32Array.BYTES_PER_ELEMENT * y * down.taps;
    vectors.columns(from, line, down.counts[y]!, tap, line, result + row * line);
  }
  return new Uint8Array(memory.buffer).slice(result, result + window.height * line);
}

/** Places in memory one after the other, each where words may begin. */
class Places {
  end = 0;

  of(bytes: number): number {
    const start = this.end;
    this.end += Math.ceil(bytes / 16) * 16;
    return start;
  }
}
