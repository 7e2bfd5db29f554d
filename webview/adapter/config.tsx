/** What the adapter says of itself: PEFT's fields under PEFT's names, the classes, where it comes from. */
import type { ComponentChildren, VNode } from 'preact';
import { formatBytes, formatInteger, oneOrMany } from '../../src/shared/format.ts';
import type { InspectResult } from '../../src/shared/protocol/results.ts';
import { Card, Details } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import { Link } from '../ui/toolkit.ts';
import { post, showsConfig } from './store.ts';

/** More class names than this are counted, not listed. */
const MAX_CLASSES = 200;

export function ConfigCard({ inspection }: { readonly inspection: InspectResult }): VNode {
  const { classNames } = inspection;
  return (
    <Card
      title={t('What it says of itself')}
      actions={
        <Link
          onClick={() => {
            post({ type: 'open-file', path: 'adapter_config.json' });
          }}
        >
          {t('Open adapter_config.json')}
        </Link>
      }
    >
      {classNames !== null && <Classes names={classNames} />}
      <Details
        summary={t('Fields')}
        open={showsConfig.value}
        onToggle={(open) => {
          showsConfig.value = open;
        }}
      >
        <dl class="parts figure">
          {factsOf(inspection).map(([name, value]) => (
            <>
              <dt key={name}>{name}</dt>
              <dd>{value}</dd>
            </>
          ))}
        </dl>
      </Details>
    </Card>
  );
}

function Classes({ names }: { readonly names: readonly string[] }): VNode {
  const shown = names.slice(0, MAX_CLASSES);
  return (
    <div>
      <h3>{oneOrMany(names.length, t('1 class'), t('{0} classes', formatInteger(names.length)))}</h3>
      <ul class="classes">
        {shown.map((name) => (
          <li key={name}>{name}</li>
        ))}
        {shown.length < names.length && (
          <li class="muted">{t('and {0} more', formatInteger(names.length - shown.length))}</li>
        )}
      </ul>
    </div>
  );
}

/** The fields of `adapter_config.json` keep their names, so that they are found in PEFT's documentation. */
function factsOf({ config, file, head, run, report }: InspectResult): [string, ComponentChildren][] {
  const yesNo = (value: boolean): string => (value ? t('yes') : t('no'));
  return [
    ['r', config.rank ?? '–'],
    ['lora_alpha', config.alpha ?? '–'],
    ['use_rslora', yesNo(config.useRslora)],
    ['use_dora', yesNo(config.useDora)],
    ['lora_dropout', config.dropout],
    ['init_lora_weights', config.init],
    ['bias', config.bias],
    ['modules_to_save', config.modulesToSave.length === 0 ? '–' : config.modulesToSave.join(', ')],
    ['task_type', config.taskType ?? '–'],
    [t('Trained whole'), head.length === 0 ? '–' : head.join(', ')],
    [t('File'), `${file.path} (${formatBytes(file.bytes)}, ${report.dtype})`],
    ...(run === null ? [] : [[t('Run'), run] as [string, ComponentChildren]]),
  ];
}
