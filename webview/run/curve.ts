import { smooth } from '../../src/shared/run/smooth.ts';

/** What a chart draws: values over steps. */
export interface Curve {
  readonly label: string;
  readonly step: readonly number[];
  readonly value: readonly (number | null)[];
  /** Which of the theme's colours. */
  readonly color: number;
  /** The unsmoothed values behind a smoothed curve: thin, without an entry in the legend. */
  readonly behind?: boolean;
  /** Few values, each a measurement of its own: shown as points. */
  readonly points?: boolean;
}

/** What a chart's values stand over, where that is not the step. */
export interface Axis {
  readonly title: string;
  readonly format: (value: number) => string;
  /** From 0 to 1. */
  readonly share: true;
}

/** The smoothed curve, and the values it is made of behind it. */
export function smoothed(
  label: string,
  step: readonly number[],
  value: readonly (number | null)[],
  weight: number,
  color: number,
): Curve[] {
  const whole: Curve = { label, step, value, color };
  if (weight <= 0 || step.length < 3) return [whole];
  return [
    { ...whole, label: `${label} `, behind: true },
    { ...whole, value: smooth(step, value, weight) },
  ];
}
