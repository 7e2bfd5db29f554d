/** The last lines of the trainer's own log. */
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Card } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import { Link } from '../ui/toolkit.ts';
import { post } from './store.ts';

export function Log({ lines }: { readonly lines: readonly string[] }): VNode {
  const text = useRef<HTMLPreElement>(null);
  // Follows the end, unless somebody reads further up.
  const follows = useRef(true);
  useEffect(() => {
    if (follows.current && text.current !== null) text.current.scrollTop = text.current.scrollHeight;
  }, [lines]);
  return (
    <Card
      title={t('Log of the trainer')}
      actions={
        <Link
          onClick={() => {
            post({ type: 'go', to: 'log' });
          }}
        >
          {t('Open')}
        </Link>
      }
    >
      {lines.length === 0 ? (
        <p class="muted">{t('Nothing was written. The trainer writes here what is no event of the run.')}</p>
      ) : (
        <pre
          ref={text}
          class="log"
          tabIndex={0}
          role="log"
          aria-label={t('Log of the trainer')}
          onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
            follows.current = scrollTop + clientHeight >= scrollHeight - 4;
          }}
        >
          {lines.join('\n')}
        </pre>
      )}
    </Card>
  );
}
