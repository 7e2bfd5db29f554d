/** A run's state in the words of the tree, the pickers and the notifications. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { formatShare } from '../../shared/format.ts';
import { type Metric, type MetricName, metricOf } from '../../shared/run/metric.ts';
import type { RunState } from '../../shared/run/read-run.ts';
import type { RunStatus } from '../../shared/run/status.ts';
import { taskOfBase } from '../../shared/task-defaults.ts';
import type { Reading } from './run-reader.ts';

export function nameOf({ identity, folder }: RunState): string {
  return identity.name === '' ? basename(folder) : identity.name;
}

export function statusWord(status: RunStatus): string {
  switch (status) {
    case 'queued':
      return vscode.l10n.t('queued');
    case 'running':
      return vscode.l10n.t('running');
    case 'paused':
      return vscode.l10n.t('paused');
    case 'finished':
      return vscode.l10n.t('finished');
    case 'stopped':
      return vscode.l10n.t('stopped');
    case 'interrupted':
      return vscode.l10n.t('interrupted');
    case 'failed':
      return vscode.l10n.t('failed');
    default:
      return status satisfies never;
  }
}

/** Of the validation images: the best so far, else the last. */
export function reachedBy(state: RunState): Metric {
  const { best, evaluations } = state.summary;
  return { name: metricNameOf(state), value: metricOf(best ?? evaluations.validation).value };
}

/** Known before anything was measured, so that a view has its words from the start. */
export function metricNameOf({ identity: { job, setup }, summary: { evaluations, untouched } }: RunState): MetricName {
  const measured = evaluations.validation ?? untouched;
  if (measured !== null) return metricOf(measured).name;
  const task = setup?.dataset.task ?? taskOfBase(job.base);
  return task === 'detection' ? 'mAP50-95' : 'accuracy';
}

/** `91.3 % · r 8 · 2 hr. ago`, the state before it where that is not finished. */
export function describe({ state, health }: Reading, now = Date.now()): string {
  const { identity, status, summary } = state;
  const { job, created } = identity;
  const { name, value } = reachedBy(state);
  const done = summary.totalSteps === null ? null : `${Math.floor((100 * summary.step) / summary.totalSteps)} %`;
  const parts = [
    health === 'waiting' ? vscode.l10n.t('no sign of life yet') : null,
    health === 'silent' ? vscode.l10n.t('no sign of life') : null,
    health !== 'fine' || status === 'finished' ? null : statusWord(status),
    status === 'running' || status === 'paused' ? done : null,
    status === 'failed' ? (summary.failure?.message ?? null) : null,
    value === null ? null : name === 'accuracy' ? formatShare(value) : `${name} ${formatShare(value)}`,
    job.method === 'lora'
      ? `r ${job.lora.rank}`
      : job.method === 'head'
        ? vscode.l10n.t('head')
        : vscode.l10n.t('full'),
    ageText(now - created),
  ];
  return parts.filter((part) => part !== null).join(' · ');
}

/** Minutes in each unit that an age is told in, largest first. */
const AGE_UNITS = [
  ['day', 24 * 60],
  ['hour', 60],
  ['minute', 1],
] as const;

function ageText(milliseconds: number): string {
  const minutes = Math.floor(Math.max(0, milliseconds) / 60_000);
  const unit = AGE_UNITS.find(([, length]) => minutes >= length);
  if (unit === undefined) return vscode.l10n.t('just now');
  const words = new Intl.RelativeTimeFormat(vscode.env.language, { style: 'short' });
  return words.format(-Math.floor(minutes / unit[1]), unit[0]);
}

/** Four significant digits: enough to see it move, and of steady width. */
export function lossText(loss: number | null): string {
  if (loss === null) return '–';
  return loss < 1e-3 && loss > 0 ? loss.toExponential(2) : loss.toPrecision(4);
}
