/** A tree as the rows that are in sight, and where each key leads among them (ARIA's tree pattern). Pure. */

export interface TreeNode {
  readonly id: string;
  readonly label: string;
  /** At the right of the label: a count, a reason. */
  readonly detail?: string;
  readonly children?: readonly TreeNode[];
  /** Absent where the node cannot be chosen. */
  readonly checked?: boolean | 'mixed';
  readonly disabled?: boolean;
}

export interface TreeRow {
  readonly node: TreeNode;
  /** From 1. */
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
  readonly expanded: boolean | undefined;
  readonly parent: string | undefined;
}

/** Nodes whose ancestors are all expanded, in the order of the screen. */
export function rowsOf(nodes: readonly TreeNode[], expanded: ReadonlySet<string>): TreeRow[] {
  const rows: TreeRow[] = [];
  const visit = (siblings: readonly TreeNode[], level: number, parent: string | undefined): void => {
    for (const [index, node] of siblings.entries()) {
      const { children = [] } = node;
      const isOpen = children.length === 0 ? undefined : expanded.has(node.id);
      rows.push({ node, level, position: index + 1, siblings: siblings.length, expanded: isOpen, parent });
      if (isOpen === true) visit(children, level + 1, node.id);
    }
  };
  visit(nodes, 1, undefined);
  return rows;
}

/** What a key does: go to a row, or open or close the present one. Undefined where it means nothing here. */
export type TreeMove = { readonly to: string } | { readonly open: string } | { readonly close: string };

/** `present` is an index of `rows`. */
export function moveBy(key: string, rows: readonly TreeRow[], present: number, page = 10): TreeMove | undefined {
  const row = rows[present];
  if (row === undefined) return undefined;
  const at = (index: number): TreeMove => ({ to: rows[Math.min(rows.length - 1, Math.max(0, index))]!.node.id });
  switch (key) {
    case 'ArrowDown':
      return at(present + 1);
    case 'ArrowUp':
      return at(present - 1);
    case 'Home':
      return at(0);
    case 'End':
      return at(rows.length - 1);
    case 'PageDown':
      return at(present + page);
    case 'PageUp':
      return at(present - page);
    case 'ArrowRight':
      if (row.expanded === undefined) return undefined;
      return row.expanded ? at(present + 1) : { open: row.node.id };
    case 'ArrowLeft':
      if (row.expanded === true) return { close: row.node.id };
      return row.parent === undefined ? undefined : { to: row.parent };
    default:
      return undefined;
  }
}

/** Type-ahead: the next row after the present one whose label begins with what was typed; one letter again goes on. */
export function findTyped(typed: string, rows: readonly TreeRow[], present: number): string | undefined {
  const wanted = typed.toLowerCase();
  // A longer text may still mean the row that its first letters led to.
  const from = wanted.length > 1 ? present : present + 1;
  for (let step = 0; step < rows.length; step++) {
    const { node } = rows[(from + step) % rows.length]!;
    if (node.label.toLowerCase().startsWith(wanted)) return node.id;
  }
  return undefined;
}
