/** What a detector finds in a few validation images, the worst first, with what is labelled in them; after any evaluation of the run. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { countLabels, judgeBoxes } from '../../src/shared/boxes.ts';
import { formatInteger, formatShare } from '../../src/shared/format.ts';
import type { RunDetections, ShownDetection } from '../../src/shared/protocol/run.ts';
import { BoxedButton, BoxesKey, type DrawnBox } from '../ui/boxes.tsx';
import { Card } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import { nameOf, within } from '../ui/paths.ts';
import { Checkbox, Dropdown, Link } from '../ui/toolkit.ts';
import { arrange, arrangement, post } from './store.ts';

/** The worst are what one looks for. */
const FIRST_IMAGES = 8;

interface DetectionsProps {
  readonly detections: RunDetections | null;
  /** The dataset's folder, below which paths are told. */
  readonly data: string;
}

export function Detections({ detections, data }: DetectionsProps): VNode {
  const [all, setAll] = useState(false);
  const [large, setLarge] = useState<string | null>(null);
  if (detections === null)
    return (
      <Card title={t('Found in validation images, the worst first')}>
        <p class="muted">{t('They come with the first evaluation.')}</p>
      </Card>
    );
  const { images } = detections;
  const shown = all ? images : images.slice(0, FIRST_IMAGES);
  return (
    <Card title={t('Found in validation images, the worst first')} actions={<Controls detections={detections} />}>
      <BoxesKey />
      <ul class="detections">
        {shown.map((image) => (
          <li key={image.file} class={image.file === large ? 'detection detection-large' : 'detection'}>
            <Detection
              image={image}
              data={data}
              large={image.file === large}
              onToggle={() => {
                setLarge(image.file === large ? null : image.file);
              }}
            />
          </li>
        ))}
      </ul>
      {images.length > FIRST_IMAGES && (
        <Link
          onClick={() => {
            setAll(!all);
          }}
        >
          {all ? t('Show the worst {0}', FIRST_IMAGES) : t('Show all {0}', images.length)}
        </Link>
      )}
    </Card>
  );
}

const NEWEST = 'newest';

function Controls({ detections: { steps, step } }: { readonly detections: RunDetections }): VNode {
  const newest = steps.at(-1) ?? step;
  const { shows } = arrangement.value;
  const toggle = (what: keyof typeof shows) => (on: boolean) => {
    arrange({ shows: { ...shows, [what]: on } });
  };
  return (
    <div class="row">
      <Dropdown
        label={t('After which step')}
        value={step === newest ? NEWEST : String(step)}
        options={[
          { value: NEWEST, label: t('Step {0}, the latest', formatInteger(newest)) },
          ...steps
            .slice(0, -1)
            .reverse()
            .map((each) => ({
              value: String(each),
              label: each === 0 ? t('Step 0, before training') : t('Step {0}', formatInteger(each)),
            })),
        ]}
        onChange={(value) => {
          post({ type: 'show-samples', step: value === NEWEST ? null : Number(value) });
        }}
      />
      <Checkbox checked={shows.found} onChange={toggle('found')}>
        {t('Found')}
      </Checkbox>
      <Checkbox checked={shows.truth} onChange={toggle('truth')}>
        {t('Labelled')}
      </Checkbox>
      <Checkbox checked={shows.labels} onChange={toggle('labels')}>
        {t('Classes')}
      </Checkbox>
    </div>
  );
}

interface DetectionProps {
  readonly image: ShownDetection;
  readonly data: string;
  readonly large: boolean;
  readonly onToggle: () => void;
}

function Detection({ image, data, large, onToggle }: DetectionProps): VNode {
  const { file, uri, score, truth, found } = image;
  const { shows } = arrangement.value;
  const judged = judgeBoxes(truth, found);
  const right = judged.right.filter(Boolean).length;
  const boxes: DrawnBox[] = [
    ...(shows.truth
      ? truth.map((box, i): DrawnBox => ({ ...box, kind: judged.found[i] === true ? 'truth' : 'missed' }))
      : []),
    ...(shows.found
      ? // The surest on top.
        found.map((box, i): DrawnBox => ({ ...box, kind: judged.right[i] === true ? 'right' : 'wrong' })).reverse()
      : []),
  ];
  // The class of a box that was found stands at what found it.
  const drawn = boxes.map((box) => (box.kind === 'truth' && shows.found ? { ...box, label: '' } : box));
  const words = t('{0} of {1} found, {2} wrong', right, truth.length, found.length - right);
  return (
    <>
      <BoxedButton
        uri={uri}
        boxes={drawn}
        labels={shows.labels}
        expanded={large}
        title={large ? t('Make smaller') : t('Make larger')}
        name={`${nameOf(file)}: ${words}. ${t('Labelled: {0}', countLabels(truth) || '–')}. ${t('Found: {0}', countLabels(found) || '–')}`}
        onClick={onToggle}
      />
      <p class="row spread help">
        <Link
          title={t('Open {0}', within(file, data))}
          onClick={() => {
            post({ type: 'open-file', path: file });
          }}
        >
          {nameOf(file)}
        </Link>
        <span class="figure">
          {words}
          {score === null ? '' : ` · F1 ${formatShare(score)}`}
        </span>
      </p>
    </>
  );
}
