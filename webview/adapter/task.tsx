/** How far the host is with what was asked for, and a way to end it; or why it was refused. */
import type { ComponentChildren, VNode } from 'preact';
import type { AdapterWork } from '../../src/shared/protocol/adapter.ts';
import { ProgressBar } from '../ui/bar.tsx';
import { t } from '../ui/l10n.ts';
import { Notice } from '../ui/notice.tsx';
import { Link } from '../ui/toolkit.ts';
import { post, state } from './store.ts';

interface TaskProps {
  readonly what: AdapterWork['what'];
  /** Of the bar, for those who do not see it. */
  readonly label: string;
  readonly children?: ComponentChildren;
}

export function Task({ what, label, children }: TaskProps): VNode {
  const work = state.value?.work ?? null;
  const refused = state.value?.refused ?? null;
  return (
    <>
      {work?.what === what && (
        <div class="stack" role="status">
          {children}
          <ProgressBar done={work.done} total={work.total} label={label} />
          <Link
            onClick={() => {
              post({ type: 'cancel' });
            }}
          >
            {t('Cancel')}
          </Link>
        </div>
      )}
      {refused?.what === what && <Notice kind="error">{refused.message}</Notice>}
    </>
  );
}
