/**
 * A tree by ARIA's pattern: one tab stop, arrows, Home, End and letters within it, Space or Enter to choose. Only the rows in sight are
 * drawn, so that a model of ten thousand layers is no burden.
 */
import type { VNode } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { findTyped, moveBy, rowsOf, type TreeNode, type TreeRow } from './tree-rows.ts';
import { useWindow } from './use-window.ts';

interface TreeProps {
  readonly label: string;
  readonly nodes: readonly TreeNode[];
  /** Space, Enter, or a click on a row that can be chosen. */
  readonly onToggle?: (node: TreeNode) => void;
  readonly initiallyOpen?: readonly string[];
}

const ROW = 24;
/** Letters that follow each other within this many milliseconds are one word. */
const TYPING = 700;

export function Tree({ label, nodes, onToggle, initiallyOpen = [] }: TreeProps): VNode {
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set(initiallyOpen));
  const [activeId, setActiveId] = useState<string | undefined>();
  const rows = useMemo(() => rowsOf(nodes, open), [nodes, open]);
  const { scroller, first, end, reveal } = useWindow(rows.length, ROW);
  const typed = useRef({ text: '', until: 0 });
  const focusNext = useRef(false);
  const active = Math.max(
    0,
    rows.findIndex(({ node }) => node.id === activeId),
  );
  const activeRow = rows[active];

  useEffect(() => {
    if (!focusNext.current) return;
    focusNext.current = false;
    scroller.current?.querySelector<HTMLElement>('[role="treeitem"][tabindex="0"]')?.focus({ preventScroll: true });
  });

  const goTo = (id: string): void => {
    focusNext.current = true;
    setActiveId(id);
    reveal(rows.findIndex(({ node }) => node.id === id));
  };
  const setExpanded = (id: string, expanded: boolean): void => {
    focusNext.current = true;
    setActiveId(id);
    const next = new Set(open);
    if (expanded) next.add(id);
    else next.delete(id);
    setOpen(next);
  };
  const choose = ({ node, expanded }: TreeRow): void => {
    if (node.checked !== undefined && node.disabled !== true) onToggle?.(node);
    else if (expanded !== undefined) setExpanded(node.id, !expanded);
  };
  const keyed = (event: KeyboardEvent): void => {
    if (activeRow === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const move = moveBy(event.key, rows, active);
    if (move !== undefined) {
      if ('to' in move) goTo(move.to);
      else if ('open' in move) setExpanded(move.open, true);
      else setExpanded(move.close, false);
    } else if (event.key === ' ' || event.key === 'Enter') choose(activeRow);
    else if (event.key.length === 1) {
      const now = performance.now();
      const text = (now < typed.current.until ? typed.current.text : '') + event.key;
      typed.current = { text, until: now + TYPING };
      const found = findTyped(text, rows, active);
      if (found !== undefined) goTo(found);
    } else return;
    event.preventDefault();
  };

  return (
    <div class="tree" ref={scroller} style={{ height: `${Math.min(rows.length, 14) * ROW}px` }}>
      <div role="tree" aria-label={label} onKeyDown={keyed} style={{ height: `${rows.length * ROW}px` }}>
        {rows.map((row, index) =>
          // The active row is always there, so that the tree stays one tab stop wherever it is scrolled.
          (index >= first && index < end) || index === active ? (
            <TreeItem
              key={row.node.id}
              row={row}
              top={index * ROW}
              active={index === active}
              onClick={() => {
                goTo(row.node.id);
                choose(row);
              }}
              onTwistie={() => {
                setExpanded(row.node.id, row.expanded !== true);
              }}
            />
          ) : null,
        )}
      </div>
    </div>
  );
}

interface TreeItemProps {
  readonly row: TreeRow;
  readonly top: number;
  readonly active: boolean;
  readonly onClick: () => void;
  readonly onTwistie: () => void;
}

const CHECK_GLYPHS = { true: '☑', false: '☐', mixed: '◪' } as const;

function TreeItem({ row, top, active, onClick, onTwistie }: TreeItemProps): VNode {
  const { node, level, position, siblings, expanded } = row;
  return (
    <div
      role="treeitem"
      class={node.disabled === true ? 'tree-row tree-disabled' : 'tree-row'}
      tabIndex={active ? 0 : -1}
      aria-level={level}
      aria-posinset={position}
      aria-setsize={siblings}
      aria-expanded={expanded}
      aria-checked={node.checked}
      aria-disabled={node.disabled}
      title={node.detail === undefined ? node.label : `${node.label} – ${node.detail}`}
      style={{ top: `${top}px`, paddingInlineStart: `${(level - 1) * 12}px` }}
      onClick={onClick}
    >
      <span
        class="tree-twistie"
        aria-hidden="true"
        onClick={(event) => {
          if (expanded === undefined) return;
          event.stopPropagation();
          onTwistie();
        }}
      >
        {expanded === undefined ? '' : expanded ? '▾' : '▸'}
      </span>
      {node.checked !== undefined && (
        <span class="tree-check" aria-hidden="true">
          {CHECK_GLYPHS[`${node.checked}`]}
        </span>
      )}
      <span class="tree-label">{node.label}</span>
      {node.detail !== undefined && <span class="tree-detail">{node.detail}</span>}
    </div>
  );
}
