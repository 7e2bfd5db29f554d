/** Exports: the formats, and what came of the last one: how near it is, how fast, and lines of code that run it. */
import type { VNode } from 'preact';
import { formatBytes, formatInteger, formatShare } from '../../src/shared/format.ts';
import type { ExportResult, InspectResult } from '../../src/shared/protocol/results.ts';
import type { DetectionScore } from '../../src/shared/run/events.ts';
import { Card } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import { Notice } from '../ui/notice.tsx';
import { Button, Link } from '../ui/toolkit.ts';
import { post, state } from './store.ts';
import { Snippets } from './snippets.tsx';
import { Task } from './task.tsx';

export function ExportCard({ inspection }: { readonly inspection: InspectResult }): VNode {
  const { formats, base, data } = inspection;
  const work = state.value?.work ?? null;
  const exported = state.value?.exported ?? null;
  return (
    <Card title={t('Export')}>
      <p class="help">
        {data === null
          ? t(
              'Base and adapter as one model. It is compared on images of noise: the dataset of the adapter is not at hand.',
            )
          : t('Base and adapter as one model, compared with both on images of the dataset before it is called done.')}
      </p>
      <ul class="formats">
        {formats.map(({ format, title, output, calibrates }) => (
          <li key={format} class="row spread">
            <span>
              {title}{' '}
              <span class="muted">
                {output === 'directory' ? t('a folder') : output}
                {calibrates && data === null ? ` · ${t('asks for a dataset')}` : ''}
              </span>
            </span>
            <Button
              label={t('Export as {0}', title)}
              disabled={work !== null || base.problem !== null}
              onClick={() => {
                post({ type: 'export', format });
              }}
            >
              {t('Export…')}
            </Button>
          </li>
        ))}
      </ul>
      {base.problem !== null && <p class="help">{t('An export needs the base: locate it above.')}</p>}
      <Task what="export" label={t('Exporting')}>
        <span>{t('Writing and comparing…')}</span>
      </Task>
      {exported !== null && <Exported exported={exported} />}
    </Card>
  );
}

function Exported({ exported }: { readonly exported: ExportResult }): VNode {
  const { out, bytes, referenceBytes, difference, agreement, changed, images, realImages, latency, notes } = exported;
  const { detection } = exported;
  const compared = realImages
    ? t('{0} of {1} images of the dataset', formatShare(agreement), formatInteger(images))
    : t('{0} of {1} images of noise', formatShare(agreement), formatInteger(images));
  return (
    <section class="stack exported" aria-label={t('The last export')}>
      <div class="row spread">
        <strong>{t('Written: {0}', nameIn(out))}</strong>
        <Link
          onClick={() => {
            post({ type: 'reveal', path: out });
          }}
        >
          {t('Reveal')}
        </Link>
      </div>
      <dl class="parts figure">
        <dt>{t('Size')}</dt>
        <dd>
          {formatBytes(bytes)} <span class="muted">{t('base and adapter take {0}', formatBytes(referenceBytes))}</span>
        </dd>
        {detection?.validation && (
          <>
            <dt>{t('Validation')}</dt>
            <dd>
              {scoreText(detection.validation.exported)}{' '}
              <span class="muted">
                {t(
                  'on {0} images; base and adapter {1}',
                  formatInteger(detection.validation.images),
                  scoreText(detection.validation.reference),
                )}
              </span>
            </dd>
          </>
        )}
        <dt>{detection === null ? t('Same class') : t('Same surest box')}</dt>
        <dd>
          {compared}{' '}
          {changed > 0 && <span class="muted">{t('{0} changed though they were clear', formatInteger(changed))}</span>}
        </dd>
        <dt>{t('Largest difference')}</dt>
        <dd>
          {short(difference.largest)}{' '}
          <span class="muted">
            {detection === null
              ? t('of logits up to {0}; typically {1}', short(difference.largestLogit), short(difference.typical))
              : t('of scores; of a box {0} of the side of the picture', `${short(100 * detection.boxes)} %`)}
          </span>
        </dd>
        <dt>{t('One image')}</dt>
        <dd>
          {t('{0} ms', short(latency.exported))}{' '}
          <span class="muted">{t('base and adapter take {0} ms', short(latency.reference))}</span>
        </dd>
      </dl>
      {notes.map((note) => (
        <Notice key={note} kind="info">
          {note}
        </Notice>
      ))}
      <Snippets snippets={exported.snippets} />
    </section>
  );
}

function scoreText({ map, map50 }: DetectionScore): string {
  return `mAP50-95 ${formatShare(map)}, mAP50 ${formatShare(map50)}`;
}

function nameIn(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/** Two digits, of any size. */
function short(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(2)));
}
