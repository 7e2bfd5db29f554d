/** The whole view: what to look at, what came of it, and each image with what base and adapter see in it. */
import type { VNode } from 'preact';
import { formatInteger, formatShare, oneOrMany } from '../../src/shared/format.ts';
import type { TryState } from '../../src/shared/protocol/try.ts';
import { baseScoreOf } from '../../src/shared/side-by-side.ts';
import { ProgressBar } from '../ui/bar.tsx';
import { FaultNotice } from '../ui/fault-notice.tsx';
import { t } from '../ui/l10n.ts';
import { Notice } from '../ui/notice.tsx';
import { Button, Link } from '../ui/toolkit.ts';
import { Images } from './images.tsx';
import { Scenes } from './scenes.tsx';
import { post, state } from './store.ts';

export function App(): VNode {
  const now = state.value;
  return (
    <main class="stack">
      <header class="stack">
        <h1>{t('Try it')}</h1>
        <p class="row">
          <span class="muted">{t('Adapter')}</span>
          <span>{now?.adapter ?? '–'}</span>
          <Link onClick={ask('choose-adapter')}>{t('Change…')}</Link>
        </p>
      </header>
      {now?.phase === 'untrusted' ? (
        <Notice kind="info">
          {t(
            'This workspace is in Restricted Mode: no file of it is opened as a model. Trust the workspace to try the adapter.',
          )}
        </Notice>
      ) : (
        <>
          <Choices />
          <FaultNotice />
          {now !== null && <Outcome now={now} />}
        </>
      )}
    </main>
  );
}

function Choices(): VNode {
  return (
    <section class="choices" aria-label={t('What to look at')}>
      <div class="row">
        <Button look="primary" onClick={ask('choose-images')}>
          {t('Images…')}
        </Button>
        <Button onClick={ask('choose-folder')}>{t('Folder…')}</Button>
      </div>
      <p class="help">{t('Or paste an image, or drop files here (from the Explorer with Shift held).')}</p>
    </section>
  );
}

function Outcome({ now }: { readonly now: TryState }): VNode | null {
  const { running, source, problem, images, scenes, models, result } = now;
  const done = images.length + scenes.length;
  if (source === null) return null;
  const total = models?.images ?? null;
  const baseNote = models?.baseNote ?? null;
  const baseScore = result === null ? null : baseScoreOf(images, result.baseLabels);
  return (
    <>
      <section class="stack" aria-label={t('What came of it')} aria-busy={running}>
        <div class="row spread">
          <strong>{source}</strong>
          <span class="muted figure" role="status">
            {running
              ? models === null
                ? t('Opening base and adapter…')
                : t('{0} of {1}', formatInteger(done), formatInteger(models.images))
              : result === null
                ? oneOrMany(done, t('Stopped after 1 image'), t('Stopped after {0} images', formatInteger(done)))
                : oneOrMany(result.images, t('1 image'), t('{0} images', formatInteger(result.images)))}
          </span>
        </div>
        {running && (
          <div class="row progress">
            <ProgressBar done={done} total={total} label={t('Predicting')} />
            <Link onClick={ask('cancel')}>{t('Cancel')}</Link>
          </div>
        )}
        {problem !== null && (
          <Notice kind="error" actions={[{ label: t('Locate Base…'), run: ask('locate-base') }]}>
            {problem}
          </Notice>
        )}
        {result?.score && (
          <p class="score figure">
            <strong>{formatShare(result.score.right / result.score.images)}</strong>{' '}
            {t(
              'right: {0} of {1} images in the folder of their class',
              formatInteger(result.score.right),
              formatInteger(result.score.images),
            )}
            {baseScore !== null && (
              <span class="muted">
                {' · '}
                {t('the base alone: {0}', formatShare(baseScore.right / baseScore.images))}
              </span>
            )}
          </p>
        )}
        {baseNote !== null && <Notice kind="info">{baseNote}</Notice>}
        {models !== null && models.more > 0 && (
          <Notice kind="info">
            {t(
              'Only the first {0} images are looked at; {1} were left out.',
              formatInteger(models.images),
              formatInteger(models.more),
            )}
          </Notice>
        )}
      </section>
      {models?.task === 'detection' ? (
        <Scenes scenes={scenes} />
      ) : (
        <Images images={images} baseLabels={models?.baseLabels ?? null} />
      )}
    </>
  );
}

type Asking = 'choose-images' | 'choose-folder' | 'choose-adapter' | 'locate-base' | 'cancel';

function ask(type: Asking): () => void {
  return () => {
    post({ type });
  };
}
