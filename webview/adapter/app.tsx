/** The whole view, by how far the host is with the file. */
import type { VNode } from 'preact';
import { t } from '../ui/l10n.ts';
import { ProgressBar } from '../ui/bar.tsx';
import { Skeleton } from '../ui/card.tsx';
import { FaultNotice } from '../ui/fault-notice.tsx';
import { Notice } from '../ui/notice.tsx';
import { Button, Link } from '../ui/toolkit.ts';
import { ConfigCard } from './config.tsx';
import { ExportCard } from './export.tsx';
import { Headline } from './headline.tsx';
import { Layers } from './layers.tsx';
import { inspection, post, state } from './store.ts';
import { WhatIfCard } from './what-if.tsx';

export function App(): VNode {
  const now = state.value;
  return (
    <main class="stack">
      <header class="row spread">
        <h1>{now?.name ?? t('LoRA adapter')}</h1>
        {inspection.value !== null && (
          <div class="row">
            <Button
              onClick={() => {
                post({ type: 'try-it' });
              }}
            >
              {t('Try It')}
            </Button>
            <Link
              onClick={() => {
                post({ type: 'reveal', path: inspection.value!.folder });
              }}
            >
              {t('Reveal')}
            </Link>
          </div>
        )}
      </header>
      <FaultNotice />
      <Body />
    </main>
  );
}

function Body(): VNode {
  const now = state.value;
  if (now?.phase === 'untrusted') {
    return (
      <Notice kind="info">
        {t(
          'This workspace is in Restricted Mode: no file of it is opened as a model. Trust the workspace to inspect the adapter.',
        )}
      </Notice>
    );
  }
  if (now?.phase === 'broken') {
    return (
      <Notice
        kind="error"
        actions={[
          {
            label: t('Read Again'),
            run: () => {
              post({ type: 'read-again' });
            },
          },
          {
            label: t('Open adapter_config.json'),
            run: () => {
              post({ type: 'open-file', path: 'adapter_config.json' });
            },
          },
        ]}
      >
        {now.problem}
      </Notice>
    );
  }
  const found = inspection.value;
  if (found === null) {
    return (
      <div class="stack" aria-busy="true">
        <p class="muted">{t('Reading the adapter and its base…')}</p>
        <ProgressBar done={now?.work?.done ?? 0} total={now?.work?.total ?? null} label={t('Reading the adapter')} />
        <Skeleton lines={3} />
        <Skeleton lines={8} />
      </div>
    );
  }
  return (
    <>
      <Headline inspection={found} locatedBase={now?.locatedBase ?? null} reading={now?.phase === 'reading'} />
      {found.report.warnings.map((warning) => (
        <Notice key={warning} kind="warning">
          {warning}
        </Notice>
      ))}
      {found.report.layers.length > 0 && <Layers report={found.report} />}
      <div class="side-by-side">
        {found.report.layers.length > 0 && <WhatIfCard inspection={found} />}
        <ExportCard inspection={found} />
      </div>
      <ConfigCard inspection={found} />
    </>
  );
}
