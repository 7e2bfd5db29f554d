import { basename, resolve } from 'node:path';
import { formatDuration, formatShare } from '../../shared/format.ts';
import { type MetricName, metricOf } from '../../shared/run/metric.ts';
import { listRuns, type RunState } from '../../shared/run/read-run.ts';
import { defineCommand } from '../command.ts';
import { optional } from '../parameters.ts';
import { here } from '../run-result.ts';
import { table } from '../table.ts';
import { paint, plain } from '../terminal.ts';

interface Row {
  readonly run: string;
  readonly name: string;
  readonly status: RunState['status'];
  readonly step: number;
  readonly totalSteps: number | null;
  /** Of the validation images: before any training, and the best. */
  readonly untouched: number | null;
  /** Under the name that JSON always had; `metric` says what it is. */
  readonly accuracy: number | null;
  readonly metric: MetricName;
  readonly method: RunState['identity']['job']['method'];
  /** Null for the methods that have none. */
  readonly rank: number | null;
  /** Null until the trainer has opened it. */
  readonly engine: string | null;
  readonly device: string | null;
  readonly precision: string | null;
  readonly created: string;
}

export const runs = defineCommand({
  name: 'runs',
  summary: 'List the runs of a folder: state, accuracy (of a detector mAP50-95), rank, age',
  examples: ['runs', 'runs ~/flowers', 'runs --json'],
  positionals: { folder: optional('A workspace, or a folder of run folders (default: the working folder)') },
  flags: {},
  async run({ folder = '.' }, { logs }) {
    const { runs: found, unreadable } = await listRuns(resolve(folder));
    for (const { folder: run, reason } of unreadable)
      logs.write(`${paint(logs, 'yellow', 'warning:')} ${plain(here(run))} cannot be read: ${plain(reason)}\n`);
    const rows = found.map(rowOf);
    const now = Date.now();
    return {
      json: { runs: rows, unreadable },
      lines: (out) =>
        rows.length === 0
          ? [`no runs in ${folder}; start one by lowrank train`]
          : table(out, rows, [
              { title: 'run', cell: ({ run }) => basename(run) },
              { title: 'state', cell: ({ status }) => status },
              { title: 'step', cell: ({ step, totalSteps }) => `${step}/${totalSteps ?? '?'}`, right: true },
              { title: 'untouched', cell: ({ untouched }) => share(untouched), right: true },
              { title: titleOf(rows), cell: ({ accuracy }) => share(accuracy), right: true },
              { title: 'method', cell: ({ method }) => method },
              { title: 'rank', cell: ({ rank }) => (rank === null ? '–' : String(rank)), right: true },
              { title: 'on', cell: ({ device }) => device ?? '–' },
              { title: 'age', cell: ({ created }) => formatDuration((now - Date.parse(created)) / 1000), right: true },
            ]),
    };
  },
});

/** What the column of the metric is called. */
function titleOf(rows: readonly Row[]): string {
  return [...new Set(rows.map(({ metric }) => metric))].join(' / ');
}

function rowOf({ folder, identity, status, summary }: RunState): Row {
  const { job, name, created, setup } = identity;
  const { step, totalSteps, untouched, best, evaluations } = summary;
  const reached = metricOf(best ?? evaluations.validation);
  return {
    run: folder,
    name,
    status,
    step,
    totalSteps,
    untouched: metricOf(untouched).value,
    accuracy: reached.value,
    metric: reached.name,
    method: job.method,
    rank: job.method === 'lora' ? job.lora.rank : null,
    engine: setup?.engine.name ?? null,
    device: setup?.engine.device ?? null,
    precision: setup?.engine.precision ?? null,
    created: new Date(created).toISOString(),
  };
}

function share(value: number | null): string {
  return value === null ? '–' : formatShare(value);
}
