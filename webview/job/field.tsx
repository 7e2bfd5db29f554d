/** One field of the job: its label, its control, its help, and what is wrong with it. */
import type { ComponentChildren, VNode } from 'preact';
import { useId, useState } from 'preact/hooks';
import { fallbackFor, fieldText, type FormField, parseField, valueAt } from '../../src/shared/job-form.ts';
import { t } from '../ui/l10n.ts';
import { Checkbox, Dropdown, type Option, TextField } from '../ui/toolkit.ts';
import { job, plan, sendEdits, state } from './store.ts';

interface FieldProps {
  readonly field: FormField;
  /** In the place of the schema's options. */
  readonly options?: readonly Option[];
}

export function Field({ field, options }: FieldProps): VNode | null {
  const { value: shown } = job.shown;
  if (shown === null) return null;
  const { path, control, label } = field;
  const value = valueAt(shown, path);
  const name = t(label);
  const change = (to: unknown): void => {
    sendEdits([{ path, value: sameAs(to, fallbackFor(field, shown.base)) ? undefined : to }]);
  };
  if (options !== undefined || control.kind === 'choice') {
    const listed =
      options ?? (control.kind === 'choice' ? control.options.map((text) => ({ value: text, label: t(text) })) : []);
    return (
      <Labelled field={field}>
        <Dropdown label={name} value={String(value)} options={withPresent(listed, String(value))} onChange={change} />
      </Labelled>
    );
  }
  if (control.kind === 'yes-no')
    return (
      <Labelled field={field} inline>
        <Checkbox checked={value === true} onChange={change}>
          {name}
        </Checkbox>
      </Labelled>
    );
  if (control.kind === 'group')
    return (
      <Labelled field={field} inline>
        <Checkbox
          checked={value !== null}
          onChange={(on) => {
            change(on ? {} : null);
          }}
        >
          {name}
        </Checkbox>
      </Labelled>
    );
  return (
    <Labelled field={field}>
      <TextControl
        field={field}
        text={fieldText(value)}
        hint={field.nullable ? unsetText(field) : fieldText(fallbackFor(field, shown.base))}
        onChange={change}
      />
    </Labelled>
  );
}

function sameAs(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** A value that is no option any more stays in sight. */
function withPresent(options: readonly Option[], value: string): readonly Option[] {
  return options.some((option) => option.value === value) ? options : [...options, { value, label: value }];
}

interface TextControlProps {
  readonly field: FormField;
  readonly text: string;
  /** Where nothing is written. */
  readonly hint: string;
  readonly onChange: (value: unknown) => void;
}

/** What is being written in the place of a text, and whether it can be none of the field's values. */
interface Written {
  readonly text: string;
  readonly over: string;
  readonly wrong: boolean;
}

/** What is written stays when the host tells the job anew meanwhile, until it tells another value of this field. */
function TextControl({ field, text, hint, onChange }: TextControlProps): VNode {
  const [kept, setWritten] = useState<Written | null>(null);
  const written = kept?.over === text ? kept : null;
  const wrong = written?.wrong === true;
  return (
    <>
      <TextField
        label={t(field.label)}
        value={written?.text ?? text}
        placeholder={hint}
        invalid={wrong}
        onInput={(now) => {
          setWritten({ text: now, over: text, wrong });
        }}
        onChange={(now) => {
          if (now === text) {
            setWritten(null);
            return;
          }
          const parsed = parseField(field, now);
          setWritten({ text: now, over: text, wrong: 'wrong' in parsed });
          if (!('wrong' in parsed)) onChange(parsed.value);
        }}
      />
      {wrong && (
        <p class="field-fault" role="alert">
          {boundsText(field)}
        </p>
      )}
    </>
  );
}

/** What an empty field comes to. */
function unsetText({ id }: FormField): string {
  const size = id === 'detection.imageSize' ? plan.value.result?.imageSize : undefined;
  return size === undefined ? t('not set') : t('{0}, as the base', size.width);
}

function boundsText({ control }: FormField): string {
  if (control.kind !== 'number') return t('This cannot be read.');
  const what = control.whole ? t('a whole number') : t('a number');
  const least = Math.max(control.least, 0);
  return Number.isFinite(control.most)
    ? t(
        'Write {0} from {1} to {2}.',
        what,
        String(Number(least.toPrecision(3))),
        String(Number(control.most.toPrecision(12))),
      )
    : t('Write {0} from {1}.', what, String(Number(least.toPrecision(3))));
}

interface LabelledProps {
  readonly field: FormField;
  /** The control says its name itself. */
  readonly inline?: boolean;
  readonly children: ComponentChildren;
}

function Labelled({ field, inline = false, children }: LabelledProps): VNode {
  const id = useId();
  const faults = (state.value?.reading.faults ?? []).filter(({ path }) => path.join('.').startsWith(field.id));
  const refused = refusalOf(field);
  return (
    <div class="field" role="group" aria-label={t(field.label)} aria-describedby={id}>
      {!inline && <div class="field-label">{t(field.label)}</div>}
      {children}
      <p class="help" id={id}>
        {t(field.help)}
      </p>
      {refused !== null && (
        <p class="field-fault" role="alert">
          {refused}
        </p>
      )}
      {faults.map(({ path, message }) => (
        <p key={path.join('.')} class="field-fault">
          {message}
        </p>
      ))}
    </div>
  );
}

/** Why a plan could not be made for this field's sake: only dataset and base together tell what it may be. */
function refusalOf({ id }: FormField): string | null {
  const { status, message } = plan.value;
  const start = `${id}: `;
  return status === 'failed' && message?.startsWith(start) === true ? message.slice(start.length) : null;
}
