/** What a person should know of a run that does not go as it should, each with the way on. */
import type { VNode } from 'preact';
import { formatInteger, oneOrMany } from '../../src/shared/format.ts';
import type { RunHead } from '../../src/shared/protocol/run.ts';
import { t } from '../ui/l10n.ts';
import { Details } from '../ui/card.tsx';
import { Notice, type NoticeAction } from '../ui/notice.tsx';
import { post } from './store.ts';

export function Notices({ head, trusted }: { readonly head: RunHead; readonly trusted: boolean }): VNode {
  const { status, health, holder, failure, warnings, skippedImages, checkpointStep } = head;
  const resume: NoticeAction = {
    label: t('Resume'),
    run: () => {
      post({ type: 'resume' });
    },
  };
  const log: NoticeAction = {
    label: t('Show log'),
    run: () => {
      post({ type: 'go', to: 'log' });
    },
  };
  // Resumed as it was, it would fail as it did.
  const edit: NoticeAction = {
    label: t('Edit the job'),
    run: () => {
      post({ type: 'go', to: 'job' });
    },
  };
  const end: NoticeAction = {
    label: t('End the process…'),
    run: () => {
      post({ type: 'end' });
    },
  };
  const from =
    checkpointStep === null
      ? t('No checkpoint was saved yet: it begins anew.')
      : t('It goes on from the checkpoint of step {0}.', formatInteger(checkpointStep));
  return (
    <>
      {health === 'waiting' && (
        <Notice kind="info">
          {t('Its trainer has not been heard of for a while. After sleep, or on a slow network, that passes.')}
        </Notice>
      )}
      {health === 'silent' && (
        <Notice kind="warning" actions={trusted && head.canEnd ? [end, log] : [log]}>
          {t('Its trainer ({0}) is there, but shows no sign of life.', holder ?? '?')} {from}
        </Notice>
      )}
      {status === 'interrupted' && health === 'fine' && (
        <Notice kind="warning" actions={trusted ? [resume, log] : [log]}>
          {t('Interrupted: its trainer ended without a word, as when it is killed or the machine is switched off.')}{' '}
          {from}
        </Notice>
      )}
      {status === 'failed' && (
        <Notice kind="error" actions={trusted ? [edit, log] : [log]}>
          {failure ?? t('The run has failed.')}
        </Notice>
      )}
      {skippedImages > 0 && (
        <Notice kind="warning">
          {oneOrMany(
            skippedImages,
            t('One image could not be read and was left out.'),
            t('{0} images could not be read and were left out.', formatInteger(skippedImages)),
          )}
        </Notice>
      )}
      {warnings.length > 0 && (
        <Notice kind="warning">
          {warnings.length === 1 ? (
            warnings[0]
          ) : (
            <Details summary={t('{0} warnings', warnings.length)}>
              <ul>
                {warnings.map((warning, index) => (
                  <li key={index}>{warning}</li>
                ))}
              </ul>
            </Details>
          )}
        </Notice>
      )}
    </>
  );
}
