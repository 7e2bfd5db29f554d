/** What is tried on a dataset with boxes, and what comes of a trial. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from '../../../src/formats/json.ts';
import { readEvents } from '../../../src/shared/run/event-log.ts';
import { effectiveEvents } from '../../../src/shared/run/events.ts';
import { RUN_PATHS } from '../../../src/shared/run/layout.ts';
import { metricOf } from '../../../src/shared/run/metric.ts';
import { reportSchema } from '../../../src/shared/run/report.ts';
import { readRun } from '../../../src/shared/run/read-run.ts';

export type Method = 'lora' | 'head' | 'full';

/** What differs from the experiment's common settings. */
export interface Choice {
  readonly method: Method;
  readonly rate: number;
  readonly rank?: number;
  readonly alpha?: number;
  /** Further fields of the job, `training.ema=0.98`. */
  readonly set?: readonly string[];
}

export interface Trial extends Choice {
  readonly data: string;
  readonly seed: number;
  /** Whether it is started before others: the larger the earlier. */
  readonly weight?: number;
}

/** First the rates: of LoRA and of the whole model as many each, as wide. */
export const RATES: readonly Choice[] = [
  ...[2e-3, 5e-3, 1e-2, 2e-2, 4e-2].map((rate) => ({ method: 'lora', rate, rank: 8, alpha: 16 }) as const),
  ...[2e-4, 5e-4, 1e-3, 2e-3, 5e-3].map((rate) => ({ method: 'full', rate }) as const),
  ...[5e-3, 2e-2].map((rate) => ({ method: 'head', rate }) as const),
];

/** Then, at the best rate, one thing at a time. */
export function variationsOf(best: Choice): readonly Choice[] {
  const varied = (...set: string[]): Choice => ({ ...best, set });
  const shared = [varied('training.ema=0.9'), varied('training.ema=0.98'), varied('training.clip=10')];
  if (best.method === 'head') return [];
  if (best.method === 'full') return [...shared, varied('training.batch=8')];
  return [
    ...shared,
    { ...best, rank: 4, alpha: 8 },
    { ...best, rank: 12, alpha: 24 },
    { ...best, alpha: 8 },
    varied(`lora.targetModules=${BACKBONE_AND_NECK}`),
    varied('training.batch=8'),
  ];
}

/** YOLO11's convolutions but those of its head, model.23. */
const BACKBONE_AND_NECK = String.raw`model\.([0-9]|1[0-9]|2[0-2])\..*`;

export interface Outcome {
  readonly outcome: string;
  /** mAP50-95. */
  readonly untouched: number | null;
  readonly best: number | null;
  readonly last: number | null;
  readonly test: number | null;
  readonly trainable: number | null;
  readonly seconds: number | null;
  readonly imagesPerSecond: number | null;
  readonly peakMemoryBytes: number | null;
  /** Step and mAP50-95 of each evaluation. */
  readonly curve: readonly (readonly [number, number])[];
}

/** Of a run that was cut off what it had reached by then. */
export async function outcomeOf(folder: string): Promise<Outcome> {
  const { summary, status } = await readRun(folder);
  const { events } = await readEvents(folder);
  const curve = effectiveEvents(events).flatMap((event): [number, number][] =>
    event.type === 'evaluation' && event.split === 'validation' ? [[event.step, metricOf(event).value ?? 0]] : [],
  );
  const file = join(folder, RUN_PATHS.report);
  const report = existsSync(file) ? readJson(file, reportSchema) : null;
  return {
    outcome: report?.outcome ?? status,
    untouched: metricOf(summary.untouched).value,
    best: metricOf(summary.best).value,
    last: metricOf(report?.validation.last).value,
    test: metricOf(report?.test).value,
    trainable: report?.parameters.trainable ?? null,
    seconds: report?.seconds ?? null,
    imagesPerSecond: report?.imagesPerSecond ?? null,
    peakMemoryBytes: report?.peakMemoryBytes ?? null,
    curve,
  };
}
