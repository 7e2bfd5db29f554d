/**
 * `results.csv` of a detector's run, under the column names of Ultralytics' own, which notebooks and dashboards read: one row an evaluation of
 * the validation images.
 */
import type { LossParts, RunEvent } from '../shared/run/events.ts';
import { meanParts } from './loss-parts.ts';

export const RESULTS_HEADER =
  'epoch,time,train/box_loss,train/cls_loss,train/dfl_loss,metrics/precision(B),metrics/recall(B),metrics/mAP50(B),' +
  'metrics/mAP50-95(B),val/box_loss,val/cls_loss,val/dfl_loss,lr/pg0\n';

/** Takes the events of a run in their order. */
export class ResultsTable {
  #started: number | undefined;
  #parts: LossParts[] = [];
  #learningRate = 0;

  /** The row that an event completes; empty for most. */
  row(event: RunEvent): string {
    this.#started ??= event.time;
    if (event.type === 'step') {
      if (event.parts !== undefined) this.#parts.push(event.parts);
      this.#learningRate = event.learningRate;
    }
    // The untouched base is no epoch.
    if (event.type !== 'evaluation' || event.split !== 'validation' || event.step === 0) return '';
    if (event.detection === undefined) return '';
    const { precision, recall, map50, map } = event.detection;
    const trained = lossCells(meanParts(this.#parts));
    this.#parts = [];
    const time = (event.time - this.#started) / 1000;
    const cells = [time, ...trained, precision, recall, map50, map, ...lossCells(event.parts)];
    // Epochs of events count from 0, as steps do; of an evaluation they are those that are done.
    return `${[event.epoch, ...cells, this.#learningRate].map(cellOf).join(',')}\n`;
  }
}

function lossCells(parts: LossParts | undefined): number[] {
  return parts === undefined ? [NaN, NaN, NaN] : [parts.box, parts.cls, parts.dfl].map((part) => part ?? NaN);
}

function cellOf(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(6))) : '';
}
