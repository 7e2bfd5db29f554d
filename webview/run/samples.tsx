/** What the model says of a few validation images, the worst first, and how well it knows each class. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { formatInteger, formatShare, oneOrMany } from '../../src/shared/format.ts';
import type { ClassScore, RunDetails, ShownSample } from '../../src/shared/protocol/run.ts';
import { Bar } from '../ui/bar.tsx';
import { Card } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import { within } from '../ui/paths.ts';
import { Link } from '../ui/toolkit.ts';
import { metricTitles } from './metric-titles.ts';
import { post } from './store.ts';

/** The worst are what one looks for. */
const FIRST_SAMPLES = 12;

export function Samples({ details }: { readonly details: RunDetails }): VNode {
  const { samples } = details;
  const [all, setAll] = useState(false);
  const shown = all ? samples?.shown : samples?.shown.slice(0, FIRST_SAMPLES);
  return (
    <Card title={t('Sample predictions, the worst first')}>
      {samples === null ? (
        <p class="muted">{t('They come with the first evaluation.')}</p>
      ) : (
        <>
          <p class="muted">
            {t(
              'Validation images at step {0}. A click opens the image; below it stands the folder that gives its label.',
              formatInteger(samples.step),
            )}
          </p>
          <ul class="samples">
            {shown!.map((sample) => (
              <li key={sample.file}>
                <Sample sample={sample} data={details.data} />
                <LabelFolder sample={sample} data={details.data} />
              </li>
            ))}
          </ul>
          {samples.shown.length > FIRST_SAMPLES && (
            <Link
              onClick={() => {
                setAll(!all);
              }}
            >
              {all ? t('Show the worst {0}', FIRST_SAMPLES) : t('Show all {0}', samples.shown.length)}
            </Link>
          )}
        </>
      )}
    </Card>
  );
}

interface Shown {
  readonly sample: ShownSample;
  /** The dataset's folder, below which paths are told. */
  readonly data: string;
}

function Sample({ sample: { file, uri, label, predicted, probability }, data }: Shown): VNode {
  const right = label === predicted;
  return (
    <button
      type="button"
      class={right ? 'sample' : 'sample sample-wrong'}
      title={within(file, data)}
      onClick={() => {
        post({ type: 'open-file', path: file });
      }}
    >
      {uri === null ? <span class="sample-picture" /> : <img class="sample-picture" src={uri} alt="" loading="lazy" />}
      <span class="sample-label">{label}</span>
      <span class="sample-said">
        <span aria-hidden="true">{right ? '✓' : '✗'}</span>
        <span class="hidden-text">{right ? t('recognised') : t('taken for')}</span> {right ? '' : `${predicted} `}
        <span class="figure">{formatShare(probability)}</span>
      </span>
    </button>
  );
}

/** Where the label stands: a wrong one is mended by moving the image to another folder. */
function LabelFolder({ sample: { labelFolder }, data }: Shown): VNode | null {
  if (labelFolder === null) return null;
  const name = within(labelFolder, data);
  return (
    <Link
      title={t('Show the folder {0}, which gives the label', name)}
      onClick={() => {
        post({ type: 'reveal', path: labelFolder });
      }}
    >
      {t('Folder {0}', name)}
    </Link>
  );
}

/** More classes than that are shown when asked for. */
const FIRST_CLASSES = 20;

interface ClassesProps {
  readonly classes: readonly ClassScore[];
}

export function Classes({ classes }: ClassesProps): VNode | null {
  const [all, setAll] = useState(false);
  if (classes.length === 0) return null;
  const titles = metricTitles('accuracy');
  const shown = all ? classes : classes.slice(0, FIRST_CLASSES);
  return (
    <Card title={titles.classes}>
      <table class="classes">
        <thead class="hidden-text">
          <tr>
            <th scope="col">{t('Class')}</th>
            <th scope="col">{titles.last}</th>
            <th scope="col">{t('Images')}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ name, value, images }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="class-bar">
                <Bar share={value ?? 0} />
              </td>
              <td class="numeric">{value === null ? '–' : formatShare(value)}</td>
              <td class="numeric muted">{oneOrMany(images, t('1 image'), t('{0} images', formatInteger(images)))}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {classes.length > FIRST_CLASSES && (
        <Link
          onClick={() => {
            setAll(!all);
          }}
        >
          {all ? t('Show the lowest {0}', FIRST_CLASSES) : t('Show all {0}', classes.length)}
        </Link>
      )}
    </Card>
  );
}
