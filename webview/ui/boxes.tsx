/**
 * Boxes over a picture. What a box is, its line and a sign tell as well as its colour: what is labelled is dashed, what was found is solid,
 * a right one is ticked and a wrong one crossed.
 */
import type { VNode } from 'preact';
import type { ShownBox } from '../../src/shared/protocol/results.ts';
import { t } from './l10n.ts';
import './boxes.css';

export interface DrawnBox extends ShownBox {
  /** An empty label is not drawn. */
  readonly kind: 'plain' | 'right' | 'wrong' | 'truth' | 'missed';
}

interface BoxedPictureProps {
  /** Null where the picture may not be loaded. */
  readonly uri: string | null;
  /** Width over height, so that the room is taken before the picture is there; null where it is not known. */
  readonly ratio?: number | null;
  readonly boxes: readonly DrawnBox[];
  /** The classes beside the boxes. */
  readonly labels: boolean;
}

/** With more, labels would cover what they name. */
const MAX_LABELS = 12;

export function BoxedPicture({ uri, ratio = null, boxes, labels }: BoxedPictureProps): VNode {
  const named = labels && boxes.length <= MAX_LABELS;
  return (
    <span class="boxed" style={ratio === null ? {} : { aspectRatio: String(ratio) }}>
      {uri === null ? <span class="boxed-none" /> : <img src={uri} alt="" loading="lazy" draggable={false} />}
      <svg class="boxed-lines" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
        {boxes.flatMap(({ box: [x1, y1, x2, y2], kind }, index) => {
          const place = { x: x1, y: y1, width: Math.max(x2 - x1, 0), height: Math.max(y2 - y1, 0) };
          return [
            <rect key={`edge ${index}`} class="box-edge" {...place} />,
            <rect key={`line ${index}`} class={`box-line box-${kind}`} {...place} />,
          ];
        })}
      </svg>
      {named && boxes.map((box, index) => box.label !== '' && <BoxLabel key={index} {...box} />)}
    </span>
  );
}

const SIGNS: Readonly<Record<DrawnBox['kind'], string>> = {
  plain: '',
  right: '✓ ',
  wrong: '✗ ',
  truth: '',
  missed: '? ',
};

/** Above its box, and what was missed below it, where nothing that was found says something else; inside where the picture ends. */
function BoxLabel({ label, box: [x1, y1, x2, y2], confidence, kind }: DrawnBox): VNode {
  const below = kind === 'missed';
  const outside = below ? y2 < 0.92 : y1 > 0.08;
  const fromEnd = x1 > 0.6;
  const across = fromEnd ? { right: `${100 * (1 - x2)}%` } : { left: `${100 * x1}%` };
  return (
    <span
      class={`box-label box-label-${kind}${outside === below ? '' : ' box-label-up'}`}
      style={{ ...across, top: `${100 * (below ? y2 : y1)}%` }}
      aria-hidden="true"
    >
      {SIGNS[kind]}
      {label}
      {confidence === undefined ? '' : ` ${Math.round(100 * confidence)}`}
    </span>
  );
}

interface BoxedButtonProps extends BoxedPictureProps {
  /** What is in the picture, for those who do not see it. */
  readonly name: string;
  readonly title: string;
  readonly expanded?: boolean;
  readonly onClick: () => void;
}

/** The same to be pressed. The button lies over the picture: labels within it would have to be its name. */
export function BoxedButton({ name, title, expanded, onClick, ...picture }: BoxedButtonProps): VNode {
  return (
    <div class="boxed-place">
      <BoxedPicture {...picture} />
      <button
        type="button"
        class="boxed-cover"
        title={title}
        aria-label={name}
        aria-expanded={expanded}
        onClick={onClick}
      />
    </div>
  );
}

/** What the lines mean, in the words of the drawing. */
export function BoxesKey(): VNode {
  const entries = [
    ['right', t('✓ found, and right')],
    ['wrong', t('✗ found, and wrong')],
    ['missed', t('? labelled, and missed')],
    ['truth', t('labelled, and found')],
  ] as const;
  return (
    <ul class="row boxes-key help">
      {entries.map(([kind, text]) => (
        <li key={kind} class={`boxes-key-${kind}`}>
          {text}
        </li>
      ))}
    </ul>
  );
}
