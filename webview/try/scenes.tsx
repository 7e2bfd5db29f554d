/** Each image with what the adapter finds in it, beside what the base alone finds; how sure a box must be is set by a slider. */
import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import { memo } from 'preact/compat';
import { countLabels, judgeBoxes } from '../../src/shared/boxes.ts';
import type { ScenePair, ShownBox, Thumbnail } from '../../src/shared/protocol/results.ts';
import { BoxedPicture, BoxesKey, type DrawnBox } from '../ui/boxes.tsx';
import { t } from '../ui/l10n.ts';
import { nameOf } from '../ui/paths.ts';
import { Slider } from '../ui/slider.tsx';
import { Checkbox, Link } from '../ui/toolkit.ts';
import { post } from './store.ts';

/** In percent, from what is told to what nearly nothing reaches. Ultralytics predicts at 25. */
const STOPS = [5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95];
const USUAL = 25;

interface Arrangement {
  /** In percent. */
  readonly confidence: number;
  readonly base: boolean;
  readonly truth: boolean;
}
const arrangement = signal<Arrangement>({ confidence: USUAL, base: true, truth: true });

interface ScenesProps {
  readonly scenes: readonly ScenePair[];
}

export function Scenes({ scenes }: ScenesProps): VNode {
  const now = arrangement.value;
  const arrange = (change: Partial<Arrangement>): void => {
    arrangement.value = { ...now, ...change };
  };
  const set = (confidence: number): void => {
    arrange({ confidence });
  };
  return (
    <section class="stack" aria-label={t('What is found')}>
      <div class="row scene-controls">
        <div class="threshold">
          <Slider
            label={t('Least confidence, in percent')}
            value={now.confidence}
            stops={STOPS}
            least={STOPS[0]!}
            most={100}
            onInput={set}
            onChange={set}
          />
        </div>
        {scenes.some(({ base }) => base !== null) && (
          <Checkbox
            checked={now.base}
            onChange={(base) => {
              arrange({ base });
            }}
          >
            {t('Base beside it')}
          </Checkbox>
        )}
        {scenes.some(({ truth }) => truth !== null) && (
          <Checkbox
            checked={now.truth}
            onChange={(truth) => {
              arrange({ truth });
            }}
          >
            {t('What is labelled')}
          </Checkbox>
        )}
      </div>
      {now.truth && scenes.some(({ truth }) => truth !== null) && <BoxesKey />}
      <ul class="scenes" aria-label={t('Images')}>
        {scenes.map((scene) => (
          <Scene key={scene.file} scene={scene} {...now} />
        ))}
      </ul>
    </section>
  );
}

interface SceneProps extends Arrangement {
  readonly scene: ScenePair;
}

/** Drawn again when the slider moves, not when the next image comes. */
const Scene = memo(({ scene, confidence, base: withBase, truth: withTruth }: SceneProps): VNode => {
  const { file, picture, reason, truth, adapter, base } = scene;
  const labelled = withTruth ? truth : null;
  const sure = (boxes: readonly ShownBox[]): readonly ShownBox[] =>
    boxes.filter((box) => (box.confidence ?? 1) * 100 >= confidence);
  return (
    <li class="scene">
      <Link
        title={file}
        onClick={() => {
          post({ type: 'open-file', path: file });
        }}
      >
        {nameOf(file)}
      </Link>
      {picture === null ? (
        <p class="help">{reason}</p>
      ) : (
        <div class="scene-pair">
          <Seen title={t('Adapter')} picture={picture} found={sure(adapter)} truth={labelled} />
          {base !== null && withBase && (
            <Seen title={t('Base')} picture={picture} found={sure(base)} truth={labelled} />
          )}
        </div>
      )}
    </li>
  );
});

interface SeenProps {
  readonly title: string;
  readonly picture: Thumbnail;
  readonly found: readonly ShownBox[];
  readonly truth: readonly ShownBox[] | null;
}

function Seen({ title, picture: { uri, width, height }, found, truth }: SeenProps): VNode {
  return (
    <figure class="seen-scene">
      <BoxedPicture uri={uri} ratio={width / height} boxes={drawnBoxes(found, truth)} labels />
      <figcaption>
        <span class="muted">{title}:</span> {countLabels(found) || t('nothing')}
        {truth !== null && <span class="help"> · {verdict(found, truth)}</span>}
      </figcaption>
    </figure>
  );
}

/** Where nothing is labelled nobody knows what is right. */
function drawnBoxes(found: readonly ShownBox[], truth: readonly ShownBox[] | null): DrawnBox[] {
  if (truth === null) return found.map((box): DrawnBox => ({ ...box, kind: 'plain' })).reverse();
  const judged = judgeBoxes(truth, found);
  return [
    ...truth.map((box, i): DrawnBox => {
      return judged.found[i] === true ? { ...box, label: '', kind: 'truth' } : { ...box, kind: 'missed' };
    }),
    // The surest on top.
    ...found.map((box, i): DrawnBox => ({ ...box, kind: judged.right[i] === true ? 'right' : 'wrong' })).reverse(),
  ];
}

function verdict(found: readonly ShownBox[], truth: readonly ShownBox[]): string {
  const right = judgeBoxes(truth, found).right.filter(Boolean).length;
  return t('{0} of {1} found, {2} wrong', right, truth.length, found.length - right);
}
