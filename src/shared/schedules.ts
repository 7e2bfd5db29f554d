/** Learning-rate schedules. Each is one line of the table below; the job's schema takes their names from it. */

/** Progress (0 … 1, the share of the steps after the warm-up that are done) → factor on the peak learning rate. */
type Schedule = (progress: number) => number;

const SCHEDULES = {
  cosine: (progress) => (1 + Math.cos(Math.PI * progress)) / 2,
  linear: (progress) => 1 - progress,
  constant: () => 1,
} satisfies Record<string, Schedule>;

export type ScheduleName = keyof typeof SCHEDULES;

export const SCHEDULE_NAMES = Object.keys(SCHEDULES) as ScheduleName[];

export interface ScheduleOptions {
  readonly schedule: ScheduleName;
  /** The peak rate. */
  readonly learningRate: number;
  /** Share of all steps over which the rate rises. */
  readonly warmup: number;
}

/**
 * The learning rate of each update, counted from 0, of `totalSteps`. The warm-up's first step already learns (a rate of 0
 * would waste it) and its last one reaches the peak.
 */
export function learningRates(
  { schedule, learningRate, warmup }: ScheduleOptions,
  totalSteps: number,
): (step: number) => number {
  const factor: Schedule = SCHEDULES[schedule];
  const rising = Math.round(warmup * totalSteps);
  const falling = Math.max(1, totalSteps - rising);
  return (step) =>
    learningRate * (step < rising ? (step + 1) / rising : factor(Math.min(1, (step - rising) / falling)));
}
