/** How a run ended, told at the end of `train`, `resume` and `demo`: what it reached, what it cost, where it lies. */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { readJson } from '../formats/json.ts';
import { formatBytes, formatCount, formatDuration, formatInteger, formatShare } from '../shared/format.ts';
import { RUN_PATHS } from '../shared/run/layout.ts';
import { metricOf } from '../shared/run/metric.ts';
import type { RunState } from '../shared/run/read-run.ts';
import { reportSchema, type RunReport } from '../shared/run/report.ts';
import { trainedFolder } from '../trainer/locate-adapter.ts';
import type { Result } from './command.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { quoted } from './shell.ts';
import { type Fact, facts } from './table.ts';

/** The report of a run; null where it was killed before it wrote one. */
export function readReport(folder: string): RunReport | null {
  const file = join(folder, RUN_PATHS.report);
  return existsSync(file) ? readJson(file, reportSchema) : null;
}

/** The result of a run that finished, was stopped or was killed. */
export function resultOf(state: RunState): Result {
  const { folder, status } = state;
  // A report is of the end before when the process that should have written the next was killed.
  const report = status === 'interrupted' ? null : readReport(folder);
  const adapter = trainedFolder(folder);
  const resume = status === 'finished' ? null : `lowrank resume ${quoted(here(folder))}`;
  return {
    json: { run: folder, status, step: state.summary.step, adapter, resume, report },
    lines: (out) =>
      facts(out, [
        ...(report === null ? [] : reportFacts(report)),
        { name: 'run', value: here(folder) },
        adapter === null ? null : { name: 'adapter', value: here(adapter) },
        resume === null ? null : { name: 'go on by', value: resume, style: 'yellow' },
      ]),
    exit: exitOf(state),
  };
}

/** Without a checkpoint nothing was saved, and resuming starts anew. */
function exitOf({ status, summary }: RunState): ExitCode {
  if (status === 'finished') return EXIT.done;
  return status === 'stopped' || summary.checkpoint !== null ? EXIT.interrupted : EXIT.input;
}

function reportFacts(report: RunReport): (Fact | null)[] {
  const { validation, test, parameters, files, seconds, imagesPerSecond, peakMemoryBytes, method, engine } = report;
  const speed = imagesPerSecond === null ? [] : [`${formatCount(imagesPerSecond)} images/s`];
  const memory = peakMemoryBytes === null ? [] : [`at most ${formatBytes(peakMemoryBytes)} of memory`];
  const tested = metricOf(test).value;
  const parts = `${formatInteger(parameters.adapter)} adapter, ${formatInteger(parameters.head)} head; `;
  return [
    metricFact(validation),
    tested === null ? null : { name: 'on test', value: formatShare(tested) },
    {
      name: 'trained',
      value:
        `${formatInteger(parameters.trainable)} parameters (${method === 'lora' ? parts : ''}` +
        `${formatShare(parameters.trainable / parameters.base)} of the base)`,
    },
    {
      name: 'file',
      value:
        `${formatBytes(files.adapterBytes)}; a whole copy takes ${formatBytes(files.baseBytes)}, ` +
        `${(files.baseBytes / files.adapterBytes).toPrecision(3)} times as much`,
    },
    { name: 'time', value: [formatDuration(seconds), ...speed, ...memory].join(', ') },
    engine === undefined ? null : { name: 'on', value: engineText(engine) },
  ];
}

function engineText({ name, device, precision, recompute, reason }: NonNullable<RunReport['engine']>): string {
  const again = recompute === 0 ? '' : `, ${recompute} segments of a step computed again`;
  return `${device}, ${name}, ${precision}${again}${reason === '' ? '' : `; ${reason}`}`;
}

function metricFact({ untouched, best, last }: RunReport['validation']): Fact | null {
  const reached = best ?? last;
  const { name, value } = metricOf(reached);
  if (reached === null || value === null) return null;
  const start = metricOf(untouched).value;
  const before = start === null ? '' : `${formatShare(start)} untouched → `;
  return {
    name,
    value: `${before}${formatShare(value)} (validation, step ${reached.step})`,
    style: 'bold',
  };
}

/** A path as one would type it. */
export function here(path: string): string {
  const way = relative(process.cwd(), path);
  return way === '' ? '.' : way.startsWith('..') ? path : way;
}
