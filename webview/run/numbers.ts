/** Numbers of a run as this view writes them, of steady width so that nothing jumps while they change. */
import { formatShare } from '../../src/shared/format.ts';

/** Four significant digits. */
export function lossText(loss: number): string {
  if (loss === 0) return '0';
  return Math.abs(loss) < 1e-3 ? loss.toExponential(2) : loss.toPrecision(4);
}

export function rateText(rate: number): string {
  return rate === 0 ? '0' : Math.abs(rate) < 1e-3 ? rate.toExponential(2) : rate.toPrecision(3);
}

/** An axis needs fewer digits than a value. */
export function axisText(value: number): string {
  return value === 0 ? '0' : Math.abs(value) < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

export function orDash<T>(value: T | null, text: (value: T) => string): string {
  return value === null ? '–' : text(value);
}

/** Whole percents as such: they stand at an axis. */
export function percent(value: number): string {
  const whole = Math.round(value * 100);
  return Math.abs(value * 100 - whole) < 1e-6 ? `${whole} %` : formatShare(value);
}
