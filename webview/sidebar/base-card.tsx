/** The base model: one of those that were found or used before, an id of the hub, or a browsed one. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { kindOfBase } from '../../src/shared/base-name.ts';
import { formatBytes, formatCount } from '../../src/shared/format.ts';
import type { BaseCandidate } from '../../src/shared/protocol/results.ts';
import type { DatasetState } from '../../src/shared/protocol/sidebar.ts';
import { Card } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import { Notice } from '../ui/notice.tsx';
import { nameOf } from '../ui/paths.ts';
import { Dropdown, Link, type Option } from '../ui/toolkit.ts';
import { act, dataset, plan, sendEdits, state } from './store.ts';

const BROWSE = '…browse';

export function BaseCard(): VNode | null {
  const { value: now } = state;
  if (now?.reading === undefined || now.reading === null) return null;
  const { bases, reading } = now;
  const { base } = reading.shown;
  const found = bases.found.find((candidate) => candidate.base === base);
  const task = taskOf(dataset.value);
  const fitting = bases.found.filter(
    (candidate) => task === null || candidate.task === null || candidate.task === task,
  );
  const others = bases.found.filter((candidate) => candidate.base !== base && !fitting.includes(candidate));
  const options = optionsOf(
    base,
    fitting,
    bases.recent.filter((name) => !others.some((other) => other.base === name)),
  );
  return (
    <Card
      title={t('Base model')}
      busy={bases.searching}
      actions={
        <Link
          onClick={() => {
            act('browse-base');
          }}
        >
          {t('Browse…')}
        </Link>
      }
    >
      <Dropdown
        label={t('Base model')}
        value={base}
        options={options}
        onChange={(value) => {
          if (value === BROWSE) act('browse-base');
          else sendEdits([{ path: ['base'], value }]);
        }}
      />
      <p class="help base-facts">{factsOf(found, base).join(' · ') || '\u00a0'}</p>
      {base === '' && task === 'detection' && !bases.searching && (
        <p class="help">
          {t(
            'Images with boxes need a detector: a YOLO checkpoint (.pt) of YOLOv8, 11, 12 or 26. None was found in the workspace; browse for one.',
          )}
        </p>
      )}
      {kindOfBase(base) === 'sample' && (
        <p class="help">
          {t('The sample base is a toy that comes with Lowrank: it shows how things work, not how good they get.')}
        </p>
      )}
      {bases.message !== null && (
        <Notice
          kind="warning"
          actions={[
            {
              label: t('Search again'),
              run: () => {
                act('find-bases');
              },
            },
          ]}
        >
          {bases.message}
        </Notice>
      )}
      <Unusable found={fitting.filter(({ obstacle }) => obstacle !== null)} />
    </Card>
  );
}

/** Null while it is not known, and then every base may be the right one. */
function taskOf(state: DatasetState): BaseCandidate['task'] {
  return state.status === 'dataset' ? state.report.task : null;
}

function optionsOf(base: string, found: readonly BaseCandidate[], recent: readonly string[]): readonly Option[] {
  const usable = found.filter(({ obstacle }) => obstacle === null);
  const labels = new Map(usable.map((candidate) => [candidate.base, labelOf(candidate)]));
  // Hub ids that were used before and are in no cache any more can still be fetched; paths that are gone cannot.
  const names = [...recent.filter((name) => labels.has(name) || name.startsWith('hf:')), ...labels.keys()];
  const all = new Set(base === '' ? names : names.includes(base) ? names : [base, ...names]);
  return [
    ...(base === '' ? [{ value: '', label: t('Choose a base…') }] : []),
    ...[...all].map((value) => ({ value, label: labels.get(value) ?? shortName(value) })),
    { value: BROWSE, label: t('Browse or enter a hub id…') },
  ];
}

function labelOf({ kind, label }: BaseCandidate): string {
  return kind === 'sample' ? t('sample (a toy)') : label;
}

function shortName(base: string): string {
  if (kindOfBase(base) === 'sample') return t('sample (a toy)');
  return base.startsWith('hf:') ? base : nameOf(base);
}

function factsOf(found: BaseCandidate | undefined, base: string): string[] {
  const setup = plan.value.result?.plan.setup;
  const known = setup !== undefined;
  return [
    found?.architecture ?? (known ? setup.base.architecture : ''),
    known && setup.base.source === base ? t('{0} parameters', formatCount(setup.parameters.base)) : '',
    found === undefined ? '' : formatBytes(found.bytes),
    found === undefined || found.licence === null ? '' : t('licence {0}', found.licence),
  ].filter((fact) => fact !== '');
}

/** Files that look like models and cannot be used, with the reason: silence would look like a fault of the search. */
function Unusable({ found }: { readonly found: readonly BaseCandidate[] }): VNode | null {
  const [open, setOpen] = useState(false);
  if (found.length === 0) return null;
  return (
    <>
      <Link
        onClick={() => {
          setOpen(!open);
        }}
      >
        {t('{0} found that cannot be used', String(found.length))}
      </Link>
      {open && (
        <ul class="findings help">
          {found.map(({ base, label, obstacle }) => (
            <li key={base} title={base}>
              {label}: {obstacle}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
