/** Each image with the likeliest classes of adapter and base beside it. */
import type { VNode } from 'preact';
import { memo } from 'preact/compat';
import { formatShare } from '../../src/shared/format.ts';
import type { Likelihood, SideBySide } from '../../src/shared/protocol/results.ts';
import { Bar } from '../ui/bar.tsx';
import { t } from '../ui/l10n.ts';
import { post } from './store.ts';

interface ImagesProps {
  readonly images: readonly SideBySide[];
  /** Null where the base tells no classes. */
  readonly baseLabels: readonly string[] | null;
}

export function Images({ images, baseLabels }: ImagesProps): VNode {
  return (
    <ul class="images" aria-label={t('Images')}>
      {images.map((image) => (
        <Image key={image.file} image={image} baseLabels={baseLabels} />
      ))}
    </ul>
  );
}

/** Drawn once: what was predicted does not change when the next one comes. */
const Image = memo(({ image, baseLabels }: { readonly image: SideBySide } & Pick<ImagesProps, 'baseLabels'>): VNode => {
  const { file, thumbnail, reason, truth, adapter, base } = image;
  const name = nameIn(file);
  // The base can be right only about a class that it has.
  const baseTitle =
    truth === null || baseLabels?.includes(truth) !== true
      ? t('Base')
      : base?.[0]?.label === truth
        ? `${t('Base')} ✓`
        : `${t('Base')} ✗`;
  return (
    <li class="image">
      <button
        type="button"
        class="picture"
        title={file}
        aria-label={t('Open {0}', name)}
        onClick={() => {
          post({ type: 'open-file', path: file });
        }}
      >
        {thumbnail !== null && <img src={thumbnail.uri} width={thumbnail.width} height={thumbnail.height} alt="" />}
      </button>
      <div class="seen">
        <p class="row spread">
          <span class="name">{name}</span>
          {truth !== null && <Verdict truth={truth} top={adapter[0]} />}
        </p>
        {reason !== null ? (
          <p class="help">{reason}</p>
        ) : (
          <div class={base === null ? 'models single' : 'models'}>
            <Classes title={t('Adapter')} likelihoods={adapter} truth={truth} />
            {base !== null && <Classes title={baseTitle} likelihoods={base} truth={truth} />}
          </div>
        )}
      </div>
    </li>
  );
});

/** A word and a sign: never a colour alone. */
function Verdict({ truth, top }: { readonly truth: string; readonly top: Likelihood | undefined }): VNode {
  const right = top?.label === truth;
  return (
    <span class={right ? 'verdict right' : 'verdict wrong'}>
      {right ? `✓ ${t('right')}` : `✗ ${t('wrong, it is {0}', truth)}`}
    </span>
  );
}

interface ClassesProps {
  readonly title: string;
  readonly likelihoods: readonly Likelihood[];
  readonly truth: string | null;
}

function Classes({ title, likelihoods, truth }: ClassesProps): VNode {
  return (
    <div>
      <p class="muted">{title}</p>
      <ol class="likelihoods" aria-label={title}>
        {likelihoods.map(({ label, probability }) => (
          <li key={label}>
            <span class={label === truth ? 'label true' : 'label'} title={label}>
              {label}
            </span>
            <span class="figure">{formatShare(probability)}</span>
            <Bar share={probability} />
          </li>
        ))}
      </ol>
    </div>
  );
}

function nameIn(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}
