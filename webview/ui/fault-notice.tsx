/** What the host could not do, until the user dismisses it or asks for the next thing. */
import type { VNode } from 'preact';
import { faultText } from './fault.ts';
import { t } from './l10n.ts';
import { Notice, type NoticeAction } from './notice.tsx';

export function FaultNotice({ actions = [] }: { readonly actions?: readonly NoticeAction[] }): VNode | null {
  if (faultText.value === null) return null;
  const dismiss: NoticeAction = {
    label: t('Dismiss'),
    run: () => {
      faultText.value = null;
    },
  };
  return (
    <Notice kind="error" actions={[dismiss, ...actions]}>
      {faultText.value}
    </Notice>
  );
}
