/** `metrics.csv`: the numbers of a run, one row a step or evaluation, for spreadsheets and data frames. */
import type { RunEvent } from '../shared/run/events.ts';

export const METRICS_HEADER = 'step,epoch,split,loss,accuracy,learning_rate,gradient_norm,images_per_second\n';

/** The row of an event; empty for those that measure nothing. A number that was not finite leaves its cell empty. */
export function metricsRow(event: RunEvent): string {
  switch (event.type) {
    case 'step': {
      const { step, epoch, loss, learningRate, gradientNorm, imagesPerSecond } = event;
      return row(step, epoch, 'step', loss, null, learningRate, gradientNorm, imagesPerSecond);
    }
    case 'evaluation':
      return row(event.step, event.epoch, event.split, event.loss, event.accuracy, null, null, null);
    default:
      return '';
  }
}

function row(...cells: (string | number | null)[]): string {
  return `${cells.map((cell) => (typeof cell === 'number' && !Number.isFinite(cell) ? '' : (cell ?? ''))).join(',')}\n`;
}
