/**
 * Learning-rate schedules. Each is the factor on the peak rate as a function of progress after the warm-up, from 0 to 1; to
 * add one is to add its line here.
 */
import { InputError } from '../shared/errors.ts';

/** Progress (0 … 1, the share of the steps after the warm-up that are done) → factor on the peak learning rate. */
type Schedule = (progress: number) => number;

const SCHEDULES: Readonly<Record<string, Schedule>> = {
  cosine: (progress) => (1 + Math.cos(Math.PI * progress)) / 2,
  linear: (progress) => 1 - progress,
  constant: () => 1,
};

export interface ScheduleOptions {
  /** A name of the registry. */
  readonly schedule: string;
  /** The peak rate. */
  readonly learningRate: number;
  /** Share of all steps over which the rate rises. */
  readonly warmup: number;
}

/**
 * The learning rate of each update, counted from 0, of `totalSteps`. The warm-up's first step already learns (a rate of 0
 * would waste it) and its last one reaches the peak. Throws an `InputError` naming the schedules where there is none such.
 */
export function learningRates(
  { schedule, learningRate, warmup }: ScheduleOptions,
  totalSteps: number,
): (step: number) => number {
  const factor = Object.hasOwn(SCHEDULES, schedule) ? SCHEDULES[schedule] : undefined;
  if (factor === undefined) {
    throw new InputError(`no schedule '${schedule}'; there are ${Object.keys(SCHEDULES).join(', ')}`, {
      field: 'training.schedule',
    });
  }
  const rising = Math.round(warmup * totalSteps);
  const falling = Math.max(1, totalSteps - rising);
  return (step) =>
    learningRate * (step < rising ? (step + 1) / rising : factor(Math.min(1, (step - rising) / falling)));
}
