/** Advice, each with its reason and, where one edit mends it, that edit. */
import type { VNode } from 'preact';
import type { Advice } from '../../src/shared/advice.ts';
import type { JobEdit } from '../../src/shared/draft.ts';
import { Notice, type NoticeAction } from '../ui/notice.tsx';
import { adviceText, fixText } from './advice-text.ts';

interface AdviceListProps {
  readonly advice: readonly Advice[];
  readonly onEdit: (edits: readonly JobEdit[]) => void;
}

export function AdviceList({ advice, onEdit }: AdviceListProps): VNode {
  const actionsOf = (item: Advice): NoticeAction[] => {
    const { fix } = item;
    if (fix === undefined) return [];
    return [
      {
        label: fixText(item),
        run: () => {
          onEdit(fix.edits);
        },
      },
    ];
  };
  return (
    <div class="stack" aria-live="polite">
      {advice.map((item) => (
        <Notice key={item.id} kind={item.id === 'memory-above-machine' ? 'warning' : 'info'} actions={actionsOf(item)}>
          {adviceText(item)}
        </Notice>
      ))}
    </div>
  );
}
