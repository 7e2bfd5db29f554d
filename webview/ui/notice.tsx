/** Something to know, to mind or to mend, with what to do about it. */
import type { ComponentChildren, VNode } from 'preact';
import { t } from './l10n.ts';
import { Link } from './toolkit.ts';

export interface NoticeAction {
  readonly label: string;
  readonly run: () => void;
}

interface NoticeProps {
  readonly kind: 'info' | 'warning' | 'error';
  readonly children: ComponentChildren;
  readonly actions?: readonly NoticeAction[];
}

const GLYPHS = { info: 'ℹ', warning: '⚠', error: '✖' } as const;

/** Errors are told at once by a screen reader, the rest when it is idle; the kind is a word and a sign, never a colour alone. */
export function Notice({ kind, children, actions = [] }: NoticeProps): VNode {
  const words = { info: t('Note'), warning: t('Warning'), error: t('Error') };
  return (
    <div class={`notice notice-${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
      <span class="notice-glyph" role="img" aria-label={words[kind]}>
        {GLYPHS[kind]}
      </span>
      <div class="notice-body">
        <div>{children}</div>
        {actions.length > 0 && (
          <div class="notice-actions">
            {actions.map(({ label, run }) => (
              <Link key={label} onClick={run}>
                {label}
              </Link>
            ))}
          </div>
        )}
      </div>
    </div>
  );
}
