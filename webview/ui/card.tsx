/** A titled group of a view: a heading, perhaps buttons beside it, and its content. */
import type { ComponentChildren, VNode } from 'preact';
import { useId } from 'preact/hooks';

interface CardProps {
  readonly title: string;
  readonly children: ComponentChildren;
  /** Small buttons or links at the right of the heading. */
  readonly actions?: ComponentChildren;
  /** Something in it is being fetched. */
  readonly busy?: boolean;
}

/** A region of its own, so that screen readers can jump to it. */
export function Card({ title, children, actions, busy = false }: CardProps): VNode {
  const id = useId();
  return (
    <section class="card" aria-labelledby={id} aria-busy={busy}>
      <header class="card-head">
        <h2 id={id}>{title}</h2>
        {actions !== undefined && <div class="card-actions">{actions}</div>}
      </header>
      {children}
    </section>
  );
}

interface DetailsProps {
  readonly summary: string;
  readonly children: ComponentChildren;
  readonly open?: boolean;
  readonly onToggle?: (open: boolean) => void;
}

/** What most people do not need, behind a line that opens it. */
export function Details({ summary, children, open = false, onToggle }: DetailsProps): VNode {
  return (
    <details
      class="details"
      open={open}
      onToggle={(event) => {
        onToggle?.(event.currentTarget.open);
      }}
    >
      <summary>{summary}</summary>
      <div class="details-body">{children}</div>
    </details>
  );
}

/** Where a text will be: it takes that text's room, so that nothing jumps when it comes. */
export function Skeleton({ lines = 1 }: { readonly lines?: number }): VNode {
  return (
    <div class="skeleton" aria-hidden="true">
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} />
      ))}
    </div>
  );
}
