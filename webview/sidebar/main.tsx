/** The side panel: dataset, base, rank and alpha with their cost, and *Start*. */
import '../ui/base.css';
import './sidebar.css';
import { render, type VNode } from 'preact';
import { Skeleton } from '../ui/card.tsx';
import { FaultNotice } from '../ui/fault-notice.tsx';
import { t } from '../ui/l10n.ts';
import { Notice } from '../ui/notice.tsx';
import { Button } from '../ui/toolkit.ts';
import { BaseCard } from './base-card.tsx';
import { DatasetCard } from './dataset-card.tsx';
import { EngineCard } from './engine-card.tsx';
import { RankCard } from './rank-card.tsx';
import { Sibling, StartCard } from './start-card.tsx';
import { act, state } from './store.ts';

function Sidebar(): VNode {
  const { value: now } = state;
  if (now === null) return <Skeleton lines={6} />;
  if (!now.trusted) return <Untrusted />;
  if (now.reading === null) return <Welcome hasFolder={now.hasFolder} />;
  return (
    <main>
      <Heading />
      <FaultNotice actions={[{ label: t('Show log'), run: showLog }]} />
      <FieldFaults />
      <DatasetCard />
      <BaseCard />
      <RankCard />
      <EngineCard />
      <Sibling />
      <StartCard />
    </main>
  );
}

/** The view's own title already says it to those who see. */
function Heading(): VNode {
  return <h1 class="hidden-text">{t('Fine-tune with LoRA')}</h1>;
}

function showLog(): void {
  act('show-log');
}

/** A draft that an older version wrote, or a job that was loaded into it, may hold what is no field. */
function FieldFaults(): VNode | null {
  const faults = state.value?.reading?.faults ?? [];
  if (faults.length === 0) return null;
  return (
    <Notice kind="warning">
      <ul class="findings">
        {faults.map(({ path, message }) => (
          <li key={path.join('.')}>
            {path.join('.')}: {message}
          </li>
        ))}
      </ul>
    </Notice>
  );
}

function Untrusted(): VNode {
  return (
    <main class="stack">
      <Heading />
      <Notice kind="warning">
        {t(
          'This workspace is not trusted. Lowrank opens no dataset and no model here, and trains nothing, until you trust it.',
        )}
      </Notice>
      <Button
        onClick={() => {
          act('manage-trust');
        }}
      >
        {t('Manage Workspace Trust')}
      </Button>
    </main>
  );
}

function Welcome({ hasFolder }: { readonly hasFolder: boolean }): VNode {
  return (
    <main class="stack welcome">
      <Heading />
      <p>
        {t(
          'Fine-tune a pretrained vision model on your own images: right-click a folder in the Explorer and choose Fine-Tune with LoRA…',
        )}
      </p>
      {hasFolder ? (
        <>
          <Button
            look="primary"
            onClick={() => {
              act('browse-data');
            }}
          >
            {t('Choose a Dataset…')}
          </Button>
          <Button
            onClick={() => {
              act('create-sample');
            }}
          >
            {t('Create Sample Dataset…')}
          </Button>
        </>
      ) : (
        <>
          <p class="muted">{t('No folder is open. Open one first: runs are kept in it.')}</p>
          <Button
            look="primary"
            onClick={() => {
              act('open-folder');
            }}
          >
            {t('Open Folder…')}
          </Button>
        </>
      )}
      <p class="help">{t('A dataset is a folder of class folders: pets/cat/1.jpg, pets/dog/2.jpg, …')}</p>
    </main>
  );
}

const root = document.getElementById('root');
if (root !== null) render(<Sidebar />, root);
