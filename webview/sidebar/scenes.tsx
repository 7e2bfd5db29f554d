/** A few images of the dataset with their boxes, one at a time: whether the labels lie where they should is seen at a look. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { countLabels } from '../../src/shared/boxes.ts';
import type { Scene } from '../../src/shared/protocol/results.ts';
import { BoxedButton } from '../ui/boxes.tsx';
import { t } from '../ui/l10n.ts';
import { nameOf } from '../ui/paths.ts';
import { Link } from '../ui/toolkit.ts';
import { send } from './store.ts';

export function Scenes({ scenes }: { readonly scenes: readonly Scene[] }): VNode | null {
  const [at, setAt] = useState(0);
  const scene = scenes[Math.min(at, scenes.length - 1)];
  if (scene === undefined) return null;
  const { file, uri, width, height, boxes } = scene;
  const step = (by: number) => (): void => {
    setAt((at + by + scenes.length) % scenes.length);
  };
  return (
    <div class="scenes">
      <BoxedButton
        uri={uri}
        ratio={width / height}
        boxes={boxes.map((box) => ({ ...box, kind: 'plain' }))}
        labels
        title={file}
        name={t('Open {0}: {1}', nameOf(file), countLabels(boxes))}
        onClick={() => {
          send({ type: 'open-file', path: file });
        }}
      />
      {scenes.length > 1 && (
        <p class="row spread help">
          <Link label={t('Previous labelled image')} onClick={step(-1)}>
            ‹
          </Link>
          <span class="figure" aria-live="polite">
            {t('Labelled image {0} of {1}', Math.min(at, scenes.length - 1) + 1, scenes.length)}
          </span>
          <Link label={t('Next labelled image')} onClick={step(1)}>
            ›
          </Link>
        </p>
      )}
    </div>
  );
}
