/** The linear congruential generator of test/parity/detection_loss.py, so that inputs need not be stored. */
export function numbers(count: number, seed: number, spread: number, offset: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return ((state >>> 8) / 2 ** 24 - 0.5) * spread + offset;
  });
}
