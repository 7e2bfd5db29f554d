/** What the panel shows of a run: the small head that moves with every step, and the details read from the files of its folder. */
import { existsSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { readJson } from '../../formats/json.ts';
import { RUN_PATHS } from '../../shared/run/layout.ts';
import { machineId, readLease } from '../../shared/run/liveness.ts';
import type { RunEvent } from '../../shared/run/events.ts';
import { metricOf } from '../../shared/run/metric.ts';
import type { RunState } from '../../shared/run/read-run.ts';
import { type RunReport, reportSchema } from '../../shared/run/report.ts';
import { samplesSchema } from '../../shared/run/samples.ts';
import type { ClassScore, RunDetails, RunHead } from '../../shared/protocol/run.ts';
import { eventLine } from './event-words.ts';
import type { Reading } from './run-reader.ts';
import { logTail } from './trainers.ts';
import { metricNameOf, nameOf } from './words.ts';

const LOG_LINES = 200;
/** A report and the samples of one evaluation take kilobytes. */
const MAX_BYTES = 4 * 2 ** 20;

/** In bytes; null where it cannot be told from here. */
export interface RunMemory {
  readonly process: number | null;
  /** Of its card. */
  readonly device: number | null;
}

export const NO_MEMORY: RunMemory = { process: null, device: null };

export function headOf({ state, health, remaining }: Reading, memory: RunMemory): RunHead {
  const { status, summary, identity, holder } = state;
  const { latest, evaluations, best } = summary;
  return {
    status,
    health,
    step: summary.step,
    totalSteps: summary.totalSteps,
    epoch: summary.epoch,
    epochs: summary.epochs ?? identity.job.training.epochs,
    preparing: status === 'running' ? summary.preparing : null,
    loss: latest?.loss ?? null,
    learningRate: latest?.learningRate ?? null,
    imagesPerSecond: latest?.imagesPerSecond ?? null,
    remaining: status === 'running' ? remaining : null,
    memoryBytes: memory.process,
    deviceMemoryBytes: memory.device,
    metric: {
      name: metricNameOf(state),
      best: metricOf(best).value,
      last: metricOf(evaluations.validation).value,
    },
    detection: evaluations.validation?.detection ?? null,
    bestStep: best?.step ?? null,
    checkpointStep: summary.checkpoint?.step ?? null,
    skippedImages: summary.skippedImages,
    warnings: summary.warnings,
    failure: summary.failure?.message ?? null,
    holder: holder === null ? null : `${holder.pid} @ ${holder.host}`,
    canEnd: holderHere(state.folder) !== null,
  };
}

/** The process of this machine that holds the run's lease; null where there is none. */
export function holderHere(folder: string): number | null {
  const lease = readLease(folder)?.lease ?? null;
  return lease !== null && !lease.released && lease.machine === machineId() ? lease.pid : null;
}

/** `told`: the last events that have words. `uriOf` gives what a view loads a picture by, null where it may not. */
export async function detailsOf(
  state: RunState,
  told: readonly RunEvent[],
  uriOf: (file: string) => string | null,
): Promise<RunDetails> {
  const { folder, identity } = state;
  const { job, setup } = identity;
  return {
    name: nameOf(state),
    folder,
    created: identity.created,
    data: job.data,
    base: job.base,
    method: job.method,
    rank: job.lora.rank,
    alpha: job.lora.alpha,
    engine: setup?.engine ?? null,
    trainableParameters: setup?.parameters.trainable ?? null,
    samples: samplesOf(state, uriOf),
    classes: classesOf(state),
    events: told.map((event) => eventLine(event, job.data)).filter((line) => line !== null),
    log: await logTail(folder, LOG_LINES),
    report: reportOf(folder),
    table:
      [RUN_PATHS.results, RUN_PATHS.metrics].map((name) => join(folder, name)).find((file) => existsSync(file)) ?? null,
    hasAdapter: existsSync(join(folder, RUN_PATHS.best)) || existsSync(join(folder, RUN_PATHS.adapter)),
  };
}

function samplesOf(
  { folder, summary, identity: { job } }: RunState,
  uriOf: (file: string) => string | null,
): RunDetails['samples'] {
  if (summary.samples === null) return null;
  try {
    const { step, samples } = readJson(join(folder, summary.samples.file), samplesSchema, { maxBytes: MAX_BYTES });
    const shown = samples.map(({ file, label, predicted, probability, loss }) => {
      return {
        file,
        uri: uriOf(file),
        label,
        labelFolder: labelFolderOf(file, label, job.data),
        predicted,
        probability,
        loss,
      };
    });
    return { step, shown };
  } catch {
    // Taken away by hand, or of a later version: the curves are still worth showing.
    return null;
  }
}

/** The dataset's folder of that name above an image, inside a split or not: `cat/` or `train/cat/`. */
export function labelFolderOf(file: string, label: string, data: string): string | null {
  const above = relative(data, dirname(file)).split(sep);
  const depth = above.slice(0, 2).lastIndexOf(label);
  return depth === -1 || above[0] === '..' ? null : join(data, ...above.slice(0, depth + 1));
}

/** The classes that are recognised worst first; those without images last. */
function classesOf({ identity: { setup }, summary: { evaluations } }: RunState): ClassScore[] {
  const perClass = evaluations.validation?.perClass ?? [];
  return perClass
    .map((each, index) => ({
      name: setup?.dataset.classes[index] ?? String(index),
      value: metricOf(each).value,
      images: each.images,
      detection: each.detection ?? null,
    }))
    .toSorted((a, b) => (a.value ?? 2) - (b.value ?? 2));
}

export function reportOf(folder: string): RunReport | null {
  try {
    return readJson(join(folder, RUN_PATHS.report), reportSchema, { maxBytes: MAX_BYTES });
  } catch {
    return null;
  }
}
