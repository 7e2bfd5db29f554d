/**
 * `results.csv` of a detector's run, under the column names of Ultralytics' own, which notebooks and dashboards read: one row an evaluation of
 * the validation images. Losses are whole, not by part.
 */
import type { RunEvent } from '../shared/run/events.ts';

export const RESULTS_HEADER =
  'epoch,time,train/loss,metrics/precision(B),metrics/recall(B),metrics/mAP50(B),metrics/mAP50-95(B),val/loss,lr/pg0\n';

/** Takes the events of a run in their order. */
export class ResultsTable {
  #started: number | undefined;
  #losses: number[] = [];
  #learningRate = 0;

  /** The row that an event completes; empty for most. */
  row(event: RunEvent): string {
    this.#started ??= event.time;
    if (event.type === 'step') {
      if (event.loss !== null) this.#losses.push(event.loss);
      this.#learningRate = event.learningRate;
    }
    // The untouched base is no epoch.
    if (event.type !== 'evaluation' || event.split !== 'validation' || event.step === 0) return '';
    if (event.detection === undefined) return '';
    const { precision, recall, map50, map } = event.detection;
    const mean = this.#losses.reduce((sum, loss) => sum + loss, 0) / this.#losses.length;
    this.#losses = [];
    const cells = [(event.time - this.#started) / 1000, mean, precision, recall, map50, map, event.loss ?? NaN];
    // Epochs of events count from 0, as steps do; of an evaluation they are those that are done.
    return `${[event.epoch, ...cells, this.#learningRate].map(cellOf).join(',')}\n`;
  }
}

function cellOf(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(6))) : '';
}
