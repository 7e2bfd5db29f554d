/** The form's fields against the schema they are taken from. */
import { expect, test } from 'vitest';
import { readJobValues } from '../../../src/shared/job-reading.ts';
import { jobSchema } from '../../../src/shared/job.ts';
import {
  fallbackFor,
  fieldText,
  type FormField,
  JOB_FORMS,
  parseField,
  valueAt,
} from '../../../src/shared/job-form.ts';

const FORMS = Object.values(JOB_FORMS).map((form) => form.flatMap(({ fields, details }) => [...fields, ...details]));
const FIELDS = FORMS.flat();
const DEFAULTS = jobSchema.parse({ data: 'd', base: 'b' });

function field(id: string): FormField {
  return FIELDS.find((candidate) => candidate.id === id)!;
}

test('no field stands twice in a form, and each has words', () => {
  for (const form of FORMS) expect(new Set(form.map(({ id }) => id)).size).toBe(form.length);
  for (const { id, label, help } of FIELDS) expect([id, label, help]).not.toContain('');
});

test('what a control shows of a default is read back as that default', () => {
  for (const each of FIELDS.filter(({ control }) => control.kind === 'number')) {
    const value = valueAt(DEFAULTS, each.path);
    expect(parseField(each, fieldText(value)), each.id).toEqual({ value });
  }
});

test('numbers are held to the bounds of the schema', () => {
  const epochs = field('training.epochs');
  expect(epochs.control).toMatchObject({ kind: 'number', whole: true, least: 1, most: 10_000 });
  expect(parseField(epochs, '0')).toEqual({ wrong: true });
  expect(parseField(epochs, '2.5')).toEqual({ wrong: true });
  expect(parseField(epochs, 'three')).toEqual({ wrong: true });
  expect(parseField(field('training.learningRate'), '0')).toEqual({ wrong: true });
  expect(parseField(field('training.learningRate'), '0,002')).toEqual({ value: 0.002 });
  expect(parseField(field('lora.dropout'), '1')).toEqual({ wrong: true });
});

test('an empty text is null where null is allowed, and the default where it is not', () => {
  expect(parseField(field('threads'), ' ')).toEqual({ value: null });
  expect(parseField(field('name'), '')).toEqual({ value: undefined });
  expect(parseField(field('training.epochs'), '')).toEqual({ wrong: true });
});

test('names stand with commas or spaces between', () => {
  expect(parseField(field('lora.excludeModules'), 'fc1, fc2')).toEqual({ value: ['fc1', 'fc2'] });
});

test('choices and groups have their kinds', () => {
  expect(field('lora.init').control).toEqual({ kind: 'choice', options: ['kaiming', 'gaussian', 'pissa'] });
  expect(field('training.schedule').control).toEqual({ kind: 'choice', options: ['cosine', 'linear', 'constant'] });
  expect(field('lora.useDora').control).toEqual({ kind: 'yes-no' });
  expect(field('augmentation.jitter')).toMatchObject({ control: { kind: 'group' }, nullable: true });
});

test('what a field falls back to is what the job would be read with', () => {
  const epochs = field('training.epochs');
  for (const base of ['sample', 'yolo11n.pt'])
    expect(fallbackFor(epochs, base), base).toBe(readJobValues({ data: 'd', base }).shown.training.epochs);
  expect(fallbackFor(epochs, 'yolo11n.pt')).not.toBe(fallbackFor(epochs, 'sample'));
});
