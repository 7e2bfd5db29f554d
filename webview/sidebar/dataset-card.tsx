/** The chosen folder: what it holds, how its images look, and what is wrong with it. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { BoxStatistics, ClassCount, DatasetReport, Finding } from '../../src/shared/dataset-report.ts';
import { formatInteger, oneOrMany } from '../../src/shared/format.ts';
import type { ClassThumbnails } from '../../src/shared/protocol/results.ts';
import type { CheckState, DatasetState } from '../../src/shared/protocol/sidebar.ts';
import { Bar, ProgressBar } from '../ui/bar.tsx';
import { Card, Skeleton } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import { Notice } from '../ui/notice.tsx';
import { nameOf, within } from '../ui/paths.ts';
import { Link } from '../ui/toolkit.ts';
import { Scenes } from './scenes.tsx';
import { act, dataset, send } from './store.ts';

export function DatasetCard(): VNode {
  return (
    <Card
      title={t('Dataset')}
      busy={dataset.value.status === 'surveying'}
      actions={
        <Link
          title={t('Choose another dataset')}
          onClick={() => {
            act('browse-data');
          }}
        >
          {t('Change…')}
        </Link>
      }
    >
      <Content state={dataset.value} />
    </Card>
  );
}

function Content({ state }: { readonly state: DatasetState }): VNode {
  switch (state.status) {
    case 'none':
      return <p class="muted">{t('No folder chosen.')}</p>;
    case 'surveying':
      return (
        <>
          <Folder path={state.path} />
          <Skeleton lines={3} />
        </>
      );
    case 'part':
      return (
        <Notice
          kind="warning"
          actions={[
            {
              label: t('Use {0}', `${nameOf(state.whole)}/`),
              run: () => {
                act('use-parent');
              },
            },
          ]}
        >
          {t(
            '{0} is a part of a dataset. Use the parent {1} ({2} classes)?',
            `${nameOf(state.path)}/`,
            `${nameOf(state.whole)}/`,
            String(state.classes),
          )}
        </Notice>
      );
    case 'no-dataset':
      return (
        <Notice kind="error" actions={[chooseAnother(), again()]}>
          <p>{t('No dataset in {0}. Looked for:', `${nameOf(state.path)}/`)}</p>
          <ul class="bullets">
            {state.lookedFor.map((layout) => (
              <li key={layout}>{layout}</li>
            ))}
          </ul>
        </Notice>
      );
    case 'failed':
      return (
        <Notice kind="error" actions={[again(), chooseAnother()]}>
          {state.message}
        </Notice>
      );
    case 'dataset':
      return <Found {...state} />;
    default:
      return state satisfies never;
  }
}

function chooseAnother() {
  return {
    label: t('Choose another folder…'),
    run: () => {
      act('browse-data');
    },
  };
}

function again() {
  return {
    label: t('Look again'),
    run: () => {
      act('check-again');
    },
  };
}

function Folder({ path }: { readonly path: string }): VNode {
  return (
    <p class="name" title={path}>
      {nameOf(path)}
    </p>
  );
}

/** More pictures than this do not fit a line. */
const MAX_STRIP = 8;

function Found({ path, report, check, thumbnails, scenes }: Extract<DatasetState, { status: 'dataset' }>): VNode {
  const { classes, counts, boxes } = report;
  const parts = [
    oneOrMany(classes.length, t('1 class'), t('{0} classes', formatInteger(classes.length))),
    t('{0} training', formatInteger(counts.train)),
    report.splitSource === 'seed'
      ? t('{0} held out', formatInteger(counts.validation))
      : t('{0} validation', formatInteger(counts.validation)),
    ...(counts.test > 0 ? [t('{0} test', formatInteger(counts.test))] : []),
    ...(boxes === null ? [] : [t('{0} training boxes', formatInteger(boxes.counts.train))]),
  ];
  const [all, setAll] = useState(false);
  // Of a dataset with boxes these are what is learnt from.
  const counted = boxes?.classes ?? classes;
  const most = Math.max(1, ...counted.map(({ train }) => train));
  return (
    <>
      <Folder path={path} />
      <p class="figure">{parts.join(' · ')}</p>
      {boxes !== null && <Backgrounds boxes={boxes} />}
      {all ? (
        <ul class="classes">
          {counted.map((count, index) => (
            <ClassRow
              key={count.name}
              count={count}
              shownIn={boxes === null ? null : (classes[index]?.train ?? 0)}
              most={most}
              pictures={picturesOf(thumbnails, count.name)}
            />
          ))}
        </ul>
      ) : boxes !== null ? (
        <Scenes scenes={scenes} />
      ) : (
        <p class="class-strip">
          {thumbnails.slice(0, MAX_STRIP).map(({ name, images }) => (
            <Picture key={name} picture={images[0]} title={name} />
          ))}
        </p>
      )}
      <Link
        onClick={() => {
          setAll(!all);
        }}
      >
        {all ? t('Show fewer') : t('Show all {0} classes', formatInteger(classes.length))}
      </Link>
      {report.imbalance !== null && report.imbalance >= 3 && (
        <p class="help">
          {t('The largest class has {0} times as many images as the smallest.', report.imbalance.toFixed(1))}
        </p>
      )}
      <Check check={check} report={report} root={path} />
    </>
  );
}

/** Images without a box teach what is nothing; many of them are more often forgotten labels. */
function Backgrounds({ boxes: { backgrounds, perImage } }: { readonly boxes: BoxStatistics }): VNode {
  const empty = backgrounds.train + backgrounds.validation + backgrounds.test;
  const parts = [
    perImage === null
      ? null
      : t('{0} to {1} boxes an image', formatInteger(perImage.least), formatInteger(perImage.most)),
    empty === 0
      ? t('every image has a box')
      : oneOrMany(empty, t('1 image without a box'), t('{0} images without a box', formatInteger(empty))),
  ];
  return <p class="help figure">{parts.filter((part) => part !== null).join(' · ')}</p>;
}

function picturesOf(thumbnails: readonly ClassThumbnails[], name: string): ClassThumbnails | undefined {
  return thumbnails.find((drawn) => drawn.name === name);
}

interface ClassRowProps {
  readonly count: ClassCount;
  /** Training images that have a box of it; null where images have no boxes. */
  readonly shownIn: number | null;
  readonly most: number;
  readonly pictures: ClassThumbnails | undefined;
}

function ClassRow({ count, shownIn, most, pictures }: ClassRowProps): VNode {
  const { name, train } = count;
  const told =
    shownIn === null
      ? t('{0} training images', formatInteger(train))
      : t('{0} training boxes in {1} images', formatInteger(train), formatInteger(shownIn));
  return (
    <li class="class-row">
      <span class="class-pictures">
        {(pictures?.images ?? []).map((picture) => (
          <Picture key={picture.file} picture={picture} title={nameOf(picture.file)} />
        ))}
      </span>
      <span class="class-name" title={name}>
        {name}
      </span>
      <span class="numeric" role="img" title={told} aria-label={told}>
        {formatInteger(train)}
        {shownIn !== null && <span class="muted"> / {formatInteger(shownIn)}</span>}
      </span>
      <span class="class-bar">
        <Bar share={train / most} />
      </span>
    </li>
  );
}

interface PictureProps {
  readonly picture: ClassThumbnails['images'][number] | undefined;
  readonly title: string;
}

function Picture({ picture, title }: PictureProps): VNode | null {
  if (picture === undefined) return null;
  return (
    <button
      type="button"
      class="picture"
      title={title}
      aria-label={t('Open {0}', nameOf(picture.file))}
      onClick={() => {
        send({ type: 'open-file', path: picture.file });
      }}
    >
      <img src={picture.uri} alt="" />
    </button>
  );
}

interface CheckProps {
  readonly check: CheckState;
  readonly report: DatasetReport;
  readonly root: string;
}

function Check({ check, report, root }: CheckProps): VNode {
  const unread = check.status === 'running' ? check.bad : (report.images?.unreadable ?? []);
  return (
    <div class="stack check" aria-live="polite">
      {check.status === 'running' && (
        <div class="check-line">
          <span class="help figure">
            {check.total === null
              ? t('Opening images…')
              : t('Opened {0} of {1} images', formatInteger(check.done), formatInteger(check.total))}
          </span>
          <ProgressBar done={check.done} total={check.total} label={t('Images opened')} />
        </div>
      )}
      {check.status === 'done' && (
        <div class="check-line">
          <span class="help">{report.ready ? t('✓ All images were opened') : t('✖ Not ready')}</span>
        </div>
      )}
      {check.status === 'failed' && (
        <Notice kind="warning" actions={[again()]}>
          {t('The images could not be checked: {0}', check.message)}
        </Notice>
      )}
      {report.fatal.length > 0 && (
        <Notice kind="error" actions={[again()]}>
          <Findings found={report.fatal} root={root} />
        </Notice>
      )}
      {unread.length > 0 && (
        <Notice kind="warning">
          <p>{t('Cannot be read, and will be left out:')}</p>
          <Findings found={unread} root={root} />
        </Notice>
      )}
      {report.warnings.length > 0 && (
        <Notice kind="info">
          <Findings
            found={report.warnings.filter(({ file }) => !unread.some((bad) => bad.file === file))}
            root={root}
          />
        </Notice>
      )}
    </div>
  );
}

/** More are counted. */
const MAX_FINDINGS = 6;

function Findings({ found, root }: { readonly found: readonly Finding[]; readonly root: string }): VNode {
  const [all, setAll] = useState(false);
  const listed = all ? found : found.slice(0, MAX_FINDINGS);
  return (
    <>
      <ul class="findings">
        {listed.map(({ file, line, message }) => (
          <li key={`${file}:${message}`}>
            {file !== root && (
              <>
                <Link
                  title={file}
                  onClick={() => {
                    send({ type: 'open-file', path: file, ...(line !== undefined && { line }) });
                  }}
                >
                  {line === undefined ? within(file, root) : `${within(file, root)}:${line}`}
                </Link>
                {': '}
              </>
            )}
            {message}
          </li>
        ))}
      </ul>
      {found.length > MAX_FINDINGS && (
        <Link
          onClick={() => {
            setAll(!all);
          }}
        >
          {all ? t('Show fewer') : t('and {0} more', formatInteger(found.length - MAX_FINDINGS))}
        </Link>
      )}
    </>
  );
}
