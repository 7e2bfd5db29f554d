/** States of a run in words. */
import type { RunHead } from '../../src/shared/protocol/run.ts';
import type { RunStatus } from '../../src/shared/run/status.ts';
import { t } from '../ui/l10n.ts';

export function statusText({ status, health, preparing }: Pick<RunHead, 'status' | 'health' | 'preparing'>): string {
  if (health === 'waiting') return t('no sign of life yet');
  if (health === 'silent') return t('no sign of life');
  return status === 'running' && preparing !== null ? t('preparing') : wordOf(status);
}

export function wordOf(status: RunStatus): string {
  switch (status) {
    case 'queued':
      return t('queued');
    case 'running':
      return t('running');
    case 'paused':
      return t('paused');
    case 'finished':
      return t('finished');
    case 'stopped':
      return t('stopped');
    case 'interrupted':
      return t('interrupted');
    case 'failed':
      return t('failed');
    default:
      return status satisfies never;
  }
}
