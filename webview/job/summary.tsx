/** The head of the form: what it edits, what the job costs, and *Start*. It stays in sight. */
import type { VNode } from 'preact';
import { FaultNotice } from '../ui/fault-notice.tsx';
import { t } from '../ui/l10n.ts';
import { Notice } from '../ui/notice.tsx';
import { Button, Link } from '../ui/toolkit.ts';
import { AdviceList } from './advice-list.tsx';
import { CostFigures } from './cost-figures.tsx';
import { act, advice, job, plan, sendEdits, state } from './store.ts';

export function Summary(): VNode | null {
  const { value: now } = state;
  if (now === null || job.shown.value === null) return null;
  const failed = plan.value.status === 'failed' ? plan.value.message : null;
  const reason = now.blocked ?? failed ?? (job.adaptsNothing.value ? t('The rank is larger than every layer.') : null);
  return (
    <header class="summary">
      <div class="row spread">
        <h1>{now.title}</h1>
        <div class="row">
          {now.source === 'draft' ? (
            <>
              <Button
                disabled={!now.canUndo}
                onClick={() => {
                  act('undo');
                }}
              >
                {t('Undo')}
              </Button>
              <Button
                disabled={!now.canRedo}
                onClick={() => {
                  act('redo');
                }}
              >
                {t('Redo')}
              </Button>
              <Button
                onClick={() => {
                  act('save-job');
                }}
              >
                {t('Save Job…')}
              </Button>
            </>
          ) : (
            <Button
              onClick={() => {
                act('open-text');
              }}
            >
              {t('Open as Text')}
            </Button>
          )}
          <Button
            look="primary"
            disabled={reason !== null}
            onClick={() => {
              act('start');
            }}
          >
            {t('Start Training')}
          </Button>
        </div>
      </div>
      <p class="help summary-reason" role="status">
        {reason ?? '\u00a0'}
      </p>
      <CostFigures figures={job.texts.value} cost={job.cost.value} plan={plan.value} />
    </header>
  );
}

/** What to mind, and what is wrong with the text. */
export function Notices(): VNode | null {
  const { value: now } = state;
  if (now === null) return null;
  const { broken, trusted, reading } = now;
  return (
    <div class="stack">
      {!trusted && (
        <Notice kind="warning">{t('This workspace is not trusted: the job can be edited, but nothing runs.')}</Notice>
      )}
      <FaultNotice />
      {broken !== null && (
        <Notice
          kind="error"
          actions={[
            {
              label: t('Open as Text'),
              run: () => {
                act('open-text');
              },
            },
          ]}
        >
          {t(
            'Line {0}: {1}. The form shows what could be read last, and leaves the text alone.',
            String(broken.line),
            broken.message,
          )}
        </Notice>
      )}
      {broken === null && reading.faults.length > 0 && (
        <Notice kind="warning">
          <ul>
            {reading.faults.map(({ path, message }) => (
              <li key={path.join('.')}>
                {path.join('.')}: {message}
              </li>
            ))}
          </ul>
        </Notice>
      )}
      <AdviceList advice={advice.value} onEdit={sendEdits} />
    </div>
  );
}

/** Dataset and base, which are chosen rather than written. */
export function Sources(): VNode | null {
  const { value: shown } = job.shown;
  if (shown === null) return null;
  return (
    <dl class="sources">
      <div>
        <dt>{t('Dataset')}</dt>
        <dd>
          <span>{shown.data === '' ? t('none') : shown.data}</span>{' '}
          <Link
            label={t('Change… dataset')}
            onClick={() => {
              act('browse-data');
            }}
          >
            {t('Change…')}
          </Link>
        </dd>
      </div>
      <div>
        <dt>{t('Base model')}</dt>
        <dd>
          <span>{shown.base === '' ? t('none') : shown.base}</span>{' '}
          <Link
            label={t('Change… base model')}
            onClick={() => {
              act('browse-base');
            }}
          >
            {t('Change…')}
          </Link>
        </dd>
      </div>
    </dl>
  );
}
