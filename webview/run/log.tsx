/** What happened, in words, and the last lines of the trainer's own log. */
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Card } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import { Link } from '../ui/toolkit.ts';
import { post } from './store.ts';

interface LogProps {
  readonly events: readonly string[];
  /** Of `trainer.log`. */
  readonly lines: readonly string[];
}

export function Log({ events, lines }: LogProps): VNode {
  return (
    <>
      <Card title={t('What happened')}>
        {events.length === 0 ? (
          <p class="muted">{t('Nothing yet.')}</p>
        ) : (
          <Lines label={t('What happened')} lines={events} />
        )}
      </Card>
      {lines.length > 0 && (
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
          <Lines label={t('Log of the trainer')} lines={lines} />
        </Card>
      )}
    </>
  );
}

function Lines({ label, lines }: { readonly label: string; readonly lines: readonly string[] }): VNode {
  const text = useRef<HTMLPreElement>(null);
  // Follows the end, unless somebody reads further up.
  const follows = useRef(true);
  useEffect(() => {
    if (follows.current && text.current !== null) text.current.scrollTop = text.current.scrollHeight;
  }, [lines]);
  return (
    <pre
      ref={text}
      class="log"
      tabIndex={0}
      role="log"
      aria-label={label}
      onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
        follows.current = scrollTop + clientHeight >= scrollHeight - 4;
      }}
    >
      {lines.join('\n')}
    </pre>
  );
}
