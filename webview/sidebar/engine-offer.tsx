/** Beside the device that a run would take: a faster engine for the card that is here. */
import type { VNode } from 'preact';
import { formatBytes, formatDuration } from '../../src/shared/format.ts';
import type { OfferState } from '../../src/shared/protocol/packs.ts';
import { ProgressBar } from '../ui/bar.tsx';
import { t } from '../ui/l10n.ts';
import { Notice } from '../ui/notice.tsx';
import { Link } from '../ui/toolkit.ts';
import { act, state } from './store.ts';

/** A common line, 16 Mbit/s: the time is a guess until the download shows its own pace. */
const BYTES_PER_SECOND = 2e6;

export function EngineOffer(): VNode | null {
  const offer = state.value?.engineOffer ?? null;
  return offer === null ? null : <Offer offer={offer} />;
}

function Offer({ offer }: { readonly offer: OfferState }): VNode {
  const install = {
    label: t('Install CUDA engine'),
    run: () => {
      act('install-engine');
    },
  };
  switch (offer.status) {
    case 'offered':
      return (
        <p class="help engine-offer">
          <Link onClick={install.run}>{install.label}</Link>{' '}
          {t('{0}, about {1}', formatBytes(offer.bytes), formatDuration(offer.bytes / BYTES_PER_SECOND))}
        </p>
      );
    case 'installing':
      return (
        <div class="help engine-offer">
          <p>
            {offer.total === null
              ? t('Installing the CUDA engine…')
              : t('Installing the CUDA engine: {0} of {1}', formatBytes(offer.done), formatBytes(offer.total))}{' '}
            <Link
              onClick={() => {
                act('cancel-install');
              }}
            >
              {t('Cancel')}
            </Link>
          </p>
          <ProgressBar done={offer.done} total={offer.total} label={t('Installing the CUDA engine…')} />
        </div>
      );
    case 'failed':
      return (
        <Notice kind="error" actions={[{ ...install, label: t('Try again') }]}>
          {offer.message}
        </Notice>
      );
    case 'installed':
      return (
        <p class="help engine-offer" role="status">
          {t('The CUDA engine is installed: the next run can take it.')}
        </p>
      );
    default:
      return offer satisfies never;
  }
}
