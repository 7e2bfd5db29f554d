/** On what a job runs: its engine, of several cards its device, and the packs that bring engines. Panel and form show the same. */
import type { VNode } from 'preact';
import { formatBytes } from '../../src/shared/format.ts';
import type { Job } from '../../src/shared/job.ts';
import type { JobEdit } from '../../src/shared/draft.ts';
import type { CardOption, EngineMessage, EngineOption, EnginesState } from '../../src/shared/protocol/engines.ts';
import type { RunSetup } from '../../src/shared/run/identity.ts';
import { Skeleton } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import { Notice } from '../ui/notice.tsx';
import { Dropdown } from '../ui/toolkit.ts';
import { Computation } from './computation.tsx';
import { InstallFile, PackActions } from './packs.tsx';

export interface EngineChoiceProps {
  readonly engines: EnginesState;
  readonly job: Job;
  /** Of the plan for this very job; undefined until there is one. */
  readonly setup: RunSetup['engine'] | undefined;
  readonly onEdit: (edits: readonly JobEdit[]) => void;
  readonly onPack: (message: EngineMessage) => void;
}

export function EngineChoice(props: EngineChoiceProps): VNode {
  const { engines, job, onEdit, onPack } = props;
  const { found, looking, message, work } = engines;
  return (
    <div class="stack engine-choice">
      {message !== null && (
        <Notice kind="warning">{t('What this machine can train on is not known: {0}', message)}</Notice>
      )}
      {found === null && looking && <Looking />}
      <fieldset class="engines" aria-busy={looking}>
        <legend class="hidden-text">{t('Engine')}</legend>
        <Automatic {...props} />
        {(found?.engines ?? []).map((engine) => (
          <Engine key={engine.name} engine={engine} {...props} />
        ))}
        {found !== null && !found.engines.some(({ name }) => name === job.engine) && job.engine !== 'auto' && (
          <Choice
            name={job.engine}
            title={job.engine}
            fault={t('There is no such engine on this system.')}
            {...props}
          />
        )}
      </fieldset>
      {found !== null && found.packs.length > 0 && <InstallFile work={work} onPack={onPack} />}
      <Cards cards={found?.cards ?? []} device={job.device} onEdit={onEdit} />
      <Computation job={job} onEdit={onEdit} />
    </div>
  );
}

function Looking(): VNode {
  return (
    <div role="status">
      <p class="help">{t('Trying what this machine can train on…')}</p>
      <Skeleton lines={3} />
    </div>
  );
}

/** What `auto` takes for this job, and why; before there is a plan, what it takes for most. */
function Automatic(props: EngineChoiceProps): VNode {
  const { engines, job, setup } = props;
  const first = engines.found?.engines.find(({ automatic }) => automatic);
  const told = job.engine === 'auto' ? setup : undefined;
  const text =
    told !== undefined
      ? [`${told.name}, ${told.device}, ${told.precision}`, told.reason].filter((part) => part !== '').join(': ')
      : first === undefined
        ? ''
        : t('mostly {0} on {1}; the plan of a job says which, and why', first.name, first.device);
  return <Choice name="auto" title={t('automatic')} facts={text} {...props} />;
}

function Engine({ engine, ...props }: EngineChoiceProps & { readonly engine: EngineOption }): VNode {
  const { name, state, reason } = engine;
  const { engines, onPack } = props;
  const pack = engines.found?.packs.find((each) => each.name === name);
  const unusable = state === 'not installed' ? t('not installed') : (reason ?? t('cannot be used'));
  return (
    <Choice name={name} title={name} facts={factsOf(engine)} fault={state === 'usable' ? null : unusable} {...props}>
      {pack !== undefined && <PackActions pack={pack} work={engines.work} onPack={onPack} />}
    </Choice>
  );
}

function factsOf({ device, threads, memory, driver, name }: EngineOption): string {
  const cpu = name.endsWith('-cpu');
  return [
    device === 'CPU' ? t('CPU') : device,
    cpu ? t('{0} threads', String(threads)) : null,
    memory === null ? null : formatBytes(memory),
    driver === null ? null : t('driver {0}', driver),
  ]
    .filter((part) => part !== null)
    .join(', ');
}

interface ChoiceProps extends EngineChoiceProps {
  readonly name: string;
  readonly title: string;
  readonly facts?: string;
  /** Why it cannot be chosen; the one that is chosen stays so, since a job may be for another machine. */
  readonly fault?: string | null;
  readonly children?: VNode | false;
}

function Choice({ name, title, facts = '', fault = null, children, job, onEdit }: ChoiceProps): VNode {
  const id = `engine-${name}`;
  const chosen = job.engine === name;
  return (
    <div class="engine">
      <input
        type="radio"
        name="engine"
        id={id}
        checked={chosen}
        disabled={fault !== null && !chosen}
        aria-describedby={`${id}-facts`}
        onChange={() => {
          onEdit([{ path: ['engine'], value: name === 'auto' ? undefined : name }]);
        }}
      />
      <div>
        <label for={id}>{title}</label>
        <p class="help" id={`${id}-facts`}>
          {facts}
          {fault !== null && <span>{facts === '' ? fault : ` – ${fault}`}</span>}
        </p>
        {children}
      </div>
    </div>
  );
}

interface CardsProps {
  readonly cards: readonly CardOption[];
  readonly device: string;
  readonly onEdit: (edits: readonly JobEdit[]) => void;
}

/** Where there is nothing to choose and nothing was chosen, there is nothing to show. */
function Cards({ cards, device, onEdit }: CardsProps): VNode | null {
  if (cards.length < 2 && device === 'auto') return null;
  const options = [
    { value: 'auto', label: t('automatic: the freest card') },
    ...cards.map(({ index, name, memory, memoryUsed, usedBy }) => {
      const free = t('GPU {0}: {1}, {2} free', String(index), name, formatBytes(memory - memoryUsed));
      return { value: String(index), label: usedBy === null ? free : t('{0}, used by {1}', free, usedBy) };
    }),
  ];
  const named = cards.find(({ index, uuid }) => device === String(index) || uuid.startsWith(device));
  const value = device === 'auto' || named === undefined ? device : String(named.index);
  const known = options.some((option) => option.value === value);
  return (
    <div class="field" role="group" aria-label={t('Device')}>
      <div class="field-label">{t('Device')}</div>
      <Dropdown
        label={t('Device')}
        value={value}
        options={known ? options : [...options, { value, label: value }]}
        onChange={(chosen) => {
          onEdit([{ path: ['device'], value: chosen === 'auto' ? undefined : chosen }]);
        }}
      />
      {!known && <p class="field-fault">{t('There is no such card on this machine.')}</p>}
    </div>
  );
}
