/** What happened in a run, a line an event: the history above the trainer's own log. Steps and evaluations are in the curves. */
import { relative } from 'node:path';
import * as vscode from 'vscode';
import { formatDuration, formatShare } from '../../shared/format.ts';
import type { RunEvent, RunEventOf } from '../../shared/run/events.ts';
import { metricOf } from '../../shared/run/metric.ts';

/** `data`: the dataset's folder, below which skipped images are named. Null for events that are shown elsewhere. */
export function eventLine(event: RunEvent, data: string): string | null {
  const words = wordsOf(event, data);
  return words === null ? null : `${timeText(event.time)}  ${words}`;
}

/** Whether a line tells of it. */
export function isTold(event: RunEvent): boolean {
  return wordsOf(event, '') !== null;
}

function wordsOf(event: RunEvent, data: string): string | null {
  const { l10n } = vscode;
  switch (event.type) {
    case 'started':
      return l10n.t('Started by process {0} on {1}', event.pid, event.host);
    case 'resumed':
      return l10n.t('Resumed from step {0} by process {1} on {2}', event.step, event.pid, event.host);
    case 'checkpoint':
      return l10n.t('Checkpoint saved at step {0}', event.step);
    case 'best':
      return bestLine(event);
    case 'paused':
      return l10n.t('Paused at step {0}', event.step);
    case 'continued':
      return l10n.t('Goes on from step {0}', event.step);
    case 'extended':
      return l10n.t('Given {0} epochs instead of {1}', event.epochs, event.from);
    case 'control-acknowledged':
      return event.refused === null ? null : l10n.t('Refused to obey “{0}”: {1}', event.command, event.refused);
    case 'skipped-image':
      return l10n.t('Skipped {0}: {1}', data === '' ? event.file : nameWithin(event.file, data), event.reason);
    case 'warning':
      return l10n.t('Warning: {0}', event.message);
    case 'finished':
      return event.reason === 'early-stopping'
        ? l10n.t(
            'Finished early at step {0}, after {1}: no more improvement',
            event.step,
            formatDuration(event.seconds),
          )
        : l10n.t('Finished at step {0}, after {1}', event.step, formatDuration(event.seconds));
    case 'stopped':
      return l10n.t('Stopped at step {0}, after {1}', event.step, formatDuration(event.seconds));
    case 'failed':
      return l10n.t('Failed at step {0}: {1}', event.step, event.message);
    case 'overflow':
    case 'preparing':
    case 'ready':
    case 'step':
    case 'evaluation':
    case 'samples':
      return null;
    default:
      return event satisfies never;
  }
}

function nameWithin(file: string, folder: string): string {
  const inner = relative(folder, file);
  return inner.startsWith('..') ? file : inner;
}

function timeText(time: number): string {
  return new Date(time).toLocaleString(vscode.env.language, { dateStyle: 'short', timeStyle: 'medium' });
}

function bestLine(event: RunEventOf<'best'>): string {
  const { name, value } = metricOf(event);
  const { l10n } = vscode;
  if (value === null) return l10n.t('Best so far at step {0}', event.step);
  const figure = name === 'accuracy' ? formatShare(value) : `${name} ${formatShare(value)}`;
  return l10n.t('Best so far at step {0}: {1}', event.step, figure);
}
