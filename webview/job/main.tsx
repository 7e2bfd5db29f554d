/** The job editor: everything that a job holds, on the draft or on a job file. */
import '../ui/base.css';
import './job.css';
import { render, type VNode } from 'preact';
import { type FormField, type FormSection, JOB_FORMS } from '../../src/shared/job-form.ts';
import { Card, Details, Skeleton } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import type { Option } from '../ui/toolkit.ts';
import { LayerStrip, Patterns, TargetModules } from './adapter-section.tsx';
import { Engines } from './engines.tsx';
import { Field } from './field.tsx';
import { RankSliders } from './rank-sliders.tsx';
import { job, sendEdits, setLinked, state, task } from './store.ts';
import { Notices, Sources, Summary } from './summary.tsx';

function JobForm(): VNode {
  if (state.value === null) return <Skeleton lines={8} />;
  return (
    <main>
      <Summary />
      <Notices />
      {/* A broken text is left alone: nothing can be edited until it can be read. */}
      <div class="form" inert={state.value.broken !== null}>
        {JOB_FORMS[task.value].map((section) => (
          <Section key={section.id} section={section} />
        ))}
      </div>
    </main>
  );
}

function Section({ section }: { readonly section: FormSection }): VNode | null {
  const { id, fields, details } = section;
  const method = job.shown.value?.method;
  if (id === 'adapter' && method !== 'lora') return null;
  return (
    <Card title={titleOf(id)}>
      {id === 'basics' && <Sources />}
      {id === 'adapter' && (
        <>
          <RankSliders signals={job} onEdit={sendEdits} onLink={setLinked} explained />
          <TargetModules />
          <Patterns />
          <LayerStrip />
        </>
      )}
      {id === 'engine' && <Engines />}
      <Fields fields={fields} />
      {details.length > 0 && (
        <Details summary={t('Details')}>
          <Fields fields={details} />
        </Details>
      )}
    </Card>
  );
}

function titleOf(id: FormSection['id']): string {
  switch (id) {
    case 'basics':
      return t('The job');
    case 'adapter':
      return t('Adapter');
    case 'learning':
      return t('Learning');
    case 'augmentation':
      return t('Augmentation');
    case 'run':
      return t('Run');
    case 'engine':
      return t('Engine');
    default:
      return id satisfies never;
  }
}

function Fields({ fields }: { readonly fields: readonly FormField[] }): VNode {
  return (
    <div class="fields">
      {fields.map((field) => {
        const options = optionsOf(field.id);
        return <Field key={field.id} field={field} {...(options !== undefined && { options })} />;
      })}
    </div>
  );
}

/** Options with words, or that only this machine knows. */
function optionsOf(id: string): readonly Option[] | undefined {
  switch (id) {
    case 'method':
      return [
        { value: 'lora', label: t('Adapters and a new head (LoRA)') },
        { value: 'head', label: t('The head alone') },
        { value: 'full', label: t('Every weight (full fine-tuning)') },
      ];
    default:
      return undefined;
  }
}

const root = document.getElementById('root');
if (root !== null) render(<JobForm />, root);
