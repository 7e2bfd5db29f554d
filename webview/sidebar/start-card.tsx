/** On what it will run, how long that takes, and *Start* with the reason where it cannot. */
import type { VNode } from 'preact';
import { t } from '../ui/l10n.ts';
import { Notice } from '../ui/notice.tsx';
import { Button, ProgressRing } from '../ui/toolkit.ts';
import { PackOffer, PackProgress } from '../engines/packs.tsx';
import { act, job, plan, send, state } from './store.ts';

export function StartCard(): VNode | null {
  const { value: now } = state;
  if (now === null || job.shown.value === null) return null;
  const reason = whyNot();
  return (
    <section class="card start" aria-label={t('Start')}>
      <p class="help device">{deviceText()}</p>
      <PackOffer engines={now.engines} onPack={send} />
      <PackProgress work={now.engines.work} onPack={send} />
      <Button
        look="primary"
        disabled={reason !== null || now.starting}
        onClick={() => {
          act('start');
        }}
      >
        {t('Start Training')}
      </Button>
      <p class="help start-reason" role="status">
        {now.starting ? (
          <>
            <ProgressRing label={t('Starting')} /> {t('Starting…')}
          </>
        ) : (
          reason
        )}
      </p>
    </section>
  );
}

/** The first reason; null where nothing holds the start back. */
function whyNot(): string | null {
  const { status } = plan.value;
  const blocked = state.value?.blocked ?? null;
  if (blocked !== null) return blocked;
  if (status === 'failed') return t('The plan failed; see above.');
  if (job.adaptsNothing.value) return t('The rank is larger than every layer.');
  return null;
}

/** `CPU (4 threads), about 6 h`. */
function deviceText(): string {
  const engine = plan.value.result?.plan.setup.engine;
  const { value: figures } = job.texts;
  const epochs = job.shown.value?.training.epochs ?? 0;
  if (engine === undefined || figures === null) return '\u00a0';
  const device = engine.device === 'cpu' ? t('CPU') : engine.device;
  const on = engine.threads === null ? device : t('{0} ({1} threads)', device, String(engine.threads));
  return epochs === 1
    ? t('{0}, about {1} for one epoch', on, figures.total)
    : t('{0}, about {1} for {2} epochs', on, figures.total, String(epochs));
}

/** What goes on with the same dataset already. */
export function Sibling(): VNode | null {
  const sibling = state.value?.sibling ?? null;
  if (sibling === null) return null;
  const { name, status, differs, folder } = sibling;
  const what =
    status === 'running'
      ? t('{0} is running on this dataset.', name)
      : status === 'paused'
        ? t('{0} is paused.', name)
        : t('{0} is queued.', name);
  const difference =
    differs.length === 0
      ? t('The form is what it was started with.')
      : t('The form differs from the running job: {0}.', differs.join(', '));
  return (
    <Notice
      kind="info"
      actions={[
        {
          label: t('Open run'),
          run: () => {
            send({ type: 'open-run', folder });
          },
        },
      ]}
    >
      {what} {difference}
    </Notice>
  );
}
