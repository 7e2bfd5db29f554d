/** A run whose folder is no longer there, or cannot be read. */
import type { VNode } from 'preact';
import { t } from '../ui/l10n.ts';
import { Notice } from '../ui/notice.tsx';

interface UnreadableProps {
  readonly folder: string;
  readonly gone: boolean;
  readonly reason: string;
}

export function Unreadable({ folder, gone, reason }: UnreadableProps): VNode {
  return (
    <>
      <h1>{folder.split(/[\\/]/).at(-1)}</h1>
      <Notice kind={gone ? 'warning' : 'error'}>
        {gone
          ? t(
              'The folder of this run is no longer there. It was deleted, renamed or its drive is away; should it come back, it is shown again.',
            )
          : reason}
      </Notice>
      <p class="muted">{folder}</p>
    </>
  );
}
