/** Numbers for people, the same in every place and language of the system: sizes, durations, counts, shares. */

/** `1.18 MB`, powers of 1000 as file managers and model hubs count; three digits. */
export function formatBytes(bytes: number): string {
  return withUnit(bytes, ['B', 'kB', 'MB', 'GB', 'TB']);
}

/** `86.6 M`, three digits: parameters, operations. */
export function formatCount(count: number): string {
  return withUnit(count, ['', 'k', 'M', 'G', 'T']);
}

/** `1,234,567`: all digits. */
export function formatInteger(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** The text for one thing or for several, which is all that the languages here tell apart; both are already translated. */
export function oneOrMany(count: number, one: string, many: string): string {
  return count === 1 ? one : many;
}

/** `850 ms`, `12.3 s`, `3 min 20 s`, `2 h 05 min`, `4 d 06 h`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '–';
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return pair(whole, 60, 'min', 's');
  const minutes = Math.round(whole / 60);
  if (minutes < 24 * 60) return pair(minutes, 60, 'h', 'min');
  return pair(Math.round(whole / 3600), 24, 'd', 'h');
}

/** `87.5 %`, of a share from 0 to 1; small shares keep two digits, since 0.05 % is not 0.1 %. */
export function formatShare(share: number): string {
  const percent = share * 100;
  return `${percent !== 0 && Math.abs(percent) < 0.95 ? Number(percent.toPrecision(2)) : percent.toFixed(1)} %`;
}

function withUnit(value: number, units: readonly string[]): string {
  let scaled = value;
  let unit = 0;
  // 999.5 and more would round to four digits.
  while (Math.abs(scaled) >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  const whole = unit === 0 || Math.abs(scaled) >= 999.5;
  return `${whole ? String(Math.round(scaled)) : scaled.toPrecision(3)} ${units[unit]!}`.trimEnd();
}

function pair(small: number, base: number, large: string, unit: string): string {
  return `${Math.floor(small / base)} ${large} ${String(small % base).padStart(2, '0')} ${unit}`;
}
