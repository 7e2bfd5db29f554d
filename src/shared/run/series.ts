/** The curves of a run, as columns: what charts are drawn from, and what is kept of a run too long to draw in full. Pure. */
import { effectiveEvents, type LossParts, type RunEvent, type RunEventOf, SPLITS, type Split } from './events.ts';
import { metricOf } from './metric.ts';

/** One row an update. */
export interface StepColumns {
  readonly step: readonly number[];
  readonly loss: readonly (number | null)[];
  readonly learningRate: readonly number[];
  readonly imagesPerSecond: readonly (number | null)[];
  readonly gradientNorm: readonly (number | null)[];
}

/** One row an evaluation. */
export interface EvaluationColumns {
  readonly step: readonly number[];
  readonly loss: readonly (number | null)[];
  /** What `metricOf` says is the number that counts. */
  readonly metric: readonly (number | null)[];
}

/** Of a detector's loss: one row an update, or an evaluation. */
export interface PartColumns {
  readonly step: readonly number[];
  readonly box: readonly (number | null)[];
  readonly cls: readonly (number | null)[];
  readonly dfl: readonly (number | null)[];
}

/** Of a detector: one row an evaluation of the validation images. Its mAP50-95 is the metric of the evaluations. */
export interface DetectionColumns {
  readonly step: readonly number[];
  readonly map50: readonly (number | null)[];
  readonly precision: readonly (number | null)[];
  readonly recall: readonly (number | null)[];
}

export interface RunSeries {
  readonly steps: StepColumns;
  readonly evaluations: Readonly<Record<Split, EvaluationColumns>>;
  /** Without a row where the loss has no parts. */
  readonly parts: Readonly<Record<'train' | 'validation', PartColumns>>;
  readonly detection: DetectionColumns;
}

const NO_STEPS: StepColumns = { step: [], loss: [], learningRate: [], imagesPerSecond: [], gradientNorm: [] };
const NO_EVALUATIONS: EvaluationColumns = { step: [], loss: [], metric: [] };
const NO_PARTS: PartColumns = { step: [], box: [], cls: [], dfl: [] };
const NO_DETECTION: DetectionColumns = { step: [], map50: [], precision: [], recall: [] };

export function emptySeries(): RunSeries {
  return {
    steps: NO_STEPS,
    evaluations: { train: NO_EVALUATIONS, validation: NO_EVALUATIONS, test: NO_EVALUATIONS },
    parts: { train: NO_PARTS, validation: NO_PARTS },
    detection: NO_DETECTION,
  };
}

/** All events of a run, as they lie in its file. */
export function seriesOf(events: readonly RunEvent[]): RunSeries {
  return seriesOfCounted(effectiveEvents(events));
}

/** Events that count, in order: those of a run that was not resumed within them. */
export function seriesOfCounted(events: readonly RunEvent[]): RunSeries {
  const steps = events.filter((event) => event.type === 'step');
  const evaluations = events.filter((event) => event.type === 'evaluation');
  const of = (split: Split): EvaluationColumns =>
    evaluationColumns(evaluations.filter((evaluation) => evaluation.split === split));
  return {
    steps: {
      step: steps.map(({ step }) => step),
      loss: steps.map(({ loss }) => loss),
      learningRate: steps.map(({ learningRate }) => learningRate),
      imagesPerSecond: steps.map(({ imagesPerSecond }) => imagesPerSecond),
      gradientNorm: steps.map(({ gradientNorm }) => gradientNorm),
    },
    evaluations: { train: of('train'), validation: of('validation'), test: of('test') },
    parts: {
      train: partColumns(steps),
      validation: partColumns(evaluations.filter(({ split }) => split === 'validation')),
    },
    detection: detectionColumns(evaluations.filter(({ split }) => split === 'validation')),
  };
}

function partColumns(
  events: readonly { readonly step: number; readonly parts?: LossParts | undefined }[],
): PartColumns {
  const rows = events.flatMap(({ step, parts }) => (parts === undefined ? [] : [{ step, ...parts }]));
  if (rows.length === 0) return NO_PARTS;
  return {
    step: rows.map(({ step }) => step),
    box: rows.map(({ box }) => box),
    cls: rows.map(({ cls }) => cls),
    dfl: rows.map(({ dfl }) => dfl),
  };
}

function detectionColumns(events: readonly RunEventOf<'evaluation'>[]): DetectionColumns {
  const rows = events.flatMap(({ step, detection }) => (detection === undefined ? [] : [{ step, ...detection }]));
  if (rows.length === 0) return NO_DETECTION;
  return {
    step: rows.map(({ step }) => step),
    map50: rows.map(({ map50 }) => map50),
    precision: rows.map(({ precision }) => precision),
    recall: rows.map(({ recall }) => recall),
  };
}

function evaluationColumns(events: readonly RunEventOf<'evaluation'>[]): EvaluationColumns {
  return {
    step: events.map(({ step }) => step),
    loss: events.map(({ loss }) => loss),
    metric: events.map((event) => metricOf(event).value),
  };
}

export function joinSeries(a: RunSeries, b: RunSeries): RunSeries {
  const evaluations = Object.fromEntries(
    SPLITS.map((split) => [split, joinColumns(a.evaluations[split], b.evaluations[split])]),
  ) as Record<Split, EvaluationColumns>;
  return {
    steps: joinColumns(a.steps, b.steps),
    evaluations,
    parts: {
      train: joinColumns(a.parts.train, b.parts.train),
      validation: joinColumns(a.parts.validation, b.parts.validation),
    },
    detection: joinColumns(a.detection, b.detection),
  };
}

/** At most about `limit` rows of each kind, the extremes of the loss or of another column among them. */
export function thinSeries(series: RunSeries, limit: number): RunSeries {
  const evaluations = Object.fromEntries(
    SPLITS.map((split) => [split, thinColumns(series.evaluations[split], limit, 'loss')]),
  ) as Record<Split, EvaluationColumns>;
  const { parts, detection } = series;
  return {
    steps: thinColumns(series.steps, limit, 'loss'),
    evaluations,
    parts: { train: thinColumns(parts.train, limit, 'box'), validation: thinColumns(parts.validation, limit, 'box') },
    detection: thinColumns(detection, limit, 'map50'),
  };
}

type Columns = Readonly<Record<string, readonly (number | null)[]>>;
type AnyColumns = StepColumns | EvaluationColumns | PartColumns | DetectionColumns;

function joinColumns<T extends AnyColumns>(a: T, b: T): T {
  if (b.step.length === 0) return a;
  const other = b as unknown as Columns;
  return mapColumns(a, (column, name) => [...column, ...other[name]!]);
}

function thinColumns<T extends AnyColumns>(columns: T, limit: number, by: keyof T & string): T {
  if (columns.step.length <= limit) return columns;
  const kept = thinnedIndices((columns as unknown as Columns)[by]!, limit);
  return mapColumns(columns, (column) => kept.map((index) => column[index]!));
}

function mapColumns<T extends AnyColumns>(
  columns: T,
  change: (column: readonly (number | null)[], name: string) => readonly (number | null)[],
): T {
  const entries = Object.entries(columns as unknown as Columns);
  return Object.fromEntries(entries.map(([name, column]) => [name, change(column, name)])) as unknown as T;
}

/**
 * Which of many values to keep so that a curve looks the same: the first, the last, and of each of equal stretches the lowest, the
 * highest and the first that is no number, in their order. Fewer than all only where there are more than `limit`.
 */
export function thinnedIndices(values: readonly (number | null)[], limit: number): number[] {
  const { length } = values;
  if (length <= limit) return values.map((_, index) => index);
  const stretches = Math.max(1, Math.floor((limit - 2) / 2));
  const kept = new Set([0, length - 1]);
  for (let stretch = 0; stretch < stretches; stretch++) {
    const from = Math.floor((stretch * length) / stretches);
    const to = Math.floor(((stretch + 1) * length) / stretches);
    for (const index of remarkable(values, from, to)) kept.add(index);
  }
  return [...kept].sort((a, b) => a - b);
}

function remarkable(values: readonly (number | null)[], from: number, to: number): number[] {
  let low: number | undefined;
  let high: number | undefined;
  let missing: number | undefined;
  for (let index = from; index < to; index++) {
    const value = values[index] ?? null;
    if (value === null) missing ??= index;
    else {
      if (low === undefined || value < values[low]!) low = index;
      if (high === undefined || value > values[high]!) high = index;
    }
  }
  return [low, high, missing].filter((index) => index !== undefined);
}
