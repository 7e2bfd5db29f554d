/**
 * e^x for the loops that need millions of them, some three times as fast as `Math.exp`: x = (n + r) ln 2 / 1024, so e^x is a power of two
 * times a 1024th power of two, both looked up, times 1 + r + r²/2, whose error is below 10⁻¹⁰ of the result: float32 keeps 10⁻⁷.
 */

const STEPS = 1024;
const PER_STEP = Math.LN2 / STEPS;
const STEPS_PER_UNIT = STEPS / Math.LN2;

/** Beyond these a double ends; what is clamped here was never meant as a probability. */
const LARGEST = 700;
const FRACTIONS = Float64Array.from({ length: STEPS }, (_, i) => 2 ** (i / STEPS));
const OFFSET = 1023;
const POWERS = Float64Array.from({ length: 2 * OFFSET + 1 }, (_, i) => 2 ** (i - OFFSET));

/** e^x, with x held within ±700; NaN for NaN. */
export function exponential(x: number): number {
  const bounded = x > LARGEST ? LARGEST : x < -LARGEST ? -LARGEST : x;
  const steps = Math.floor(bounded * STEPS_PER_UNIT);
  const rest = bounded - steps * PER_STEP;
  return POWERS[(steps >> 10) + OFFSET]! * FRACTIONS[steps & (STEPS - 1)]! * (1 + rest + 0.5 * rest * rest);
}
