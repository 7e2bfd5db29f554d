/** Engine packs: what can be done about one beside its engine, how far that is, and the offer of one that makes a job faster. */
import type { VNode } from 'preact';
import { formatBytes, formatDuration } from '../../src/shared/format.ts';
import type { EngineMessage, EnginesState, PackOption, PackWork } from '../../src/shared/protocol/engines.ts';
import { ProgressBar } from '../ui/bar.tsx';
import { t } from '../ui/l10n.ts';
import { Notice } from '../ui/notice.tsx';
import { Link } from '../ui/toolkit.ts';

/** A common line, 16 Mbit/s: the time is a guess until the download shows its own pace. */
const BYTES_PER_SECOND = 2e6;

interface PackProps {
  readonly work: PackWork | null;
  readonly onPack: (message: EngineMessage) => void;
}

function isBusy(work: PackWork | null): boolean {
  return work?.status === 'installing' || work?.status === 'removing';
}

/** One card is here, and no pack that uses it. */
export function PackOffer({
  engines: { found, work },
  onPack,
}: {
  readonly engines: EnginesState;
  readonly onPack: PackProps['onPack'];
}): VNode | null {
  const name = found?.offer ?? null;
  const listed = found?.packs.find((pack) => pack.name === name)?.listed ?? null;
  if (name === null || listed === null || isBusy(work)) return null;
  return (
    <p class="help engine-offer">
      <Link
        onClick={() => {
          onPack({ type: 'pack', action: 'install', pack: name });
        }}
      >
        {t('Install CUDA engine')}
      </Link>{' '}
      {sizeText(listed.bytes)}
    </p>
  );
}

/** `272 MB, about 2 min`. */
function sizeText(bytes: number): string {
  return t('{0}, about {1}', formatBytes(bytes), formatDuration(bytes / BYTES_PER_SECOND));
}

export function PackActions({ pack, work, onPack }: PackProps & { readonly pack: PackOption }): VNode | null {
  const { name, version, bytes, fault, listed } = pack;
  const isHere = version !== null || fault !== null;
  if (!isHere && listed === null) return null;
  const install = listed?.newer === true ? listed : null;
  return (
    <p class="help engine-pack">
      {version !== null && <span>{t('pack {0}, {1}', version, formatBytes(bytes ?? 0))}</span>}
      {fault !== null && <span>{t('its pack is broken: {0}', fault)}</span>}{' '}
      {install !== null && (
        <>
          <Link
            disabled={isBusy(work)}
            label={isHere ? t('Update {0}', name) : t('Install {0}', name)}
            onClick={() => {
              onPack({ type: 'pack', action: 'install', pack: name });
            }}
          >
            {isHere ? t('Update') : t('Install')}
          </Link>{' '}
          {isHere ? t('to {0}, {1}', install.version, sizeText(install.bytes)) : sizeText(install.bytes)}{' '}
        </>
      )}
      {isHere && (
        <Link
          disabled={isBusy(work)}
          label={t('Remove {0}', name)}
          onClick={() => {
            onPack({ type: 'pack', action: 'remove', pack: name });
          }}
        >
          {t('Remove')}
        </Link>
      )}
    </p>
  );
}

export function InstallFile({ work, onPack }: PackProps): VNode {
  return (
    <p>
      <Link
        disabled={isBusy(work)}
        onClick={() => {
          onPack({ type: 'pack', action: 'install-file', pack: '' });
        }}
      >
        {t('Install an engine pack from a file…')}
      </Link>
    </p>
  );
}

export function PackProgress({ work, onPack }: PackProps): VNode | null {
  if (work === null) return null;
  const { pack } = work;
  switch (work.status) {
    case 'installing':
      return (
        <div class="help engine-offer">
          <p>
            {work.total === null
              ? t('Installing {0}…', pack)
              : t('Installing {0}: {1} of {2}', pack, formatBytes(work.done), formatBytes(work.total))}{' '}
            <Link
              onClick={() => {
                onPack({ type: 'pack', action: 'cancel', pack });
              }}
            >
              {t('Cancel')}
            </Link>
          </p>
          <ProgressBar done={work.done} total={work.total} label={t('Installing {0}…', pack)} />
        </div>
      );
    case 'removing':
      return (
        <p class="help" role="status">
          {t('Removing {0}…', pack)}
        </p>
      );
    case 'failed':
      return <Notice kind="error">{work.message}</Notice>;
    case 'installed':
      return (
        <p class="help" role="status">
          {t('{0} is installed: the next run can take it.', pack)}
        </p>
      );
    case 'removed':
      return (
        <p class="help" role="status">
          {t('{0} was removed.', pack)}
        </p>
      );
    default:
      return work satisfies never;
  }
}
