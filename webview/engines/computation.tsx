/** How the engine computes: in which precision, and compiled by XLA where TensorFlow may run on CUDA. */
import type { VNode } from 'preact';
import type { JobEdit } from '../../src/shared/draft.ts';
import type { Job } from '../../src/shared/job.ts';
import { t } from '../ui/l10n.ts';
import { Dropdown } from '../ui/toolkit.ts';

interface ComputationProps {
  readonly job: Job;
  readonly onEdit: (edits: readonly JobEdit[]) => void;
}

export function Computation({ job, onEdit }: ComputationProps): VNode {
  const precisions: Readonly<Record<Job['precision'], string>> = {
    auto: t('automatic: fp16 where faster'),
    fp32: 'fp32',
    fp16: 'fp16',
    bf16: 'bf16',
  };
  const compilations: Readonly<Record<Job['xla'], string>> = {
    auto: t('automatic: for long runs'),
    on: t('on'),
    off: t('off'),
  };
  const mayCompile = job.engine === 'auto' || job.engine === 'tensorflow-cuda';
  return (
    <div class="fields">
      <Choice field="precision" label={t('Precision')} value={job.precision} options={precisions} onEdit={onEdit} />
      {mayCompile && <Choice field="xla" label={t('XLA')} value={job.xla} options={compilations} onEdit={onEdit} />}
    </div>
  );
}

interface ChoiceProps {
  readonly field: keyof Job;
  readonly label: string;
  readonly value: string;
  readonly options: Readonly<Record<string, string>>;
  readonly onEdit: ComputationProps['onEdit'];
}

function Choice({ field, label, value, options, onEdit }: ChoiceProps): VNode {
  return (
    <div class="field" role="group" aria-label={label}>
      <div class="field-label">{label}</div>
      <Dropdown
        label={label}
        value={value}
        options={Object.entries(options).map(([name, words]) => ({ value: name, label: words }))}
        onChange={(chosen) => {
          onEdit([{ path: [field], value: chosen === 'auto' ? undefined : chosen }]);
        }}
      />
    </div>
  );
}
