/** A job from a command line: from a file, from flags, or from a file with flags over it. */
import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import { taskOfDataset } from '../data/open-dataset.ts';
import { readJson } from '../formats/json.ts';
import { kindOfBase } from '../shared/base-name.ts';
import { InputError } from '../shared/errors.ts';
import { type Job, jobSchema } from '../shared/job.ts';
import { UsageError } from './exit-codes.ts';
import { jobFaultOf } from '../shared/job-faults.ts';
import { jobFields } from '../shared/job-fields.ts';
import { fieldText, valueAt } from '../shared/job-form.ts';
import { SAMPLE_DETECTOR, taskOfBase, withTaskDefaults } from '../shared/task-defaults.ts';
import { BUSY_CHOICES } from '../engines/device-lease.ts';
import { type Flag, number, oneOf, repeated, text, type Values } from './parameters.ts';

interface FieldFlag<T> extends Flag<T> {
  /** The dotted path of its field. */
  readonly field: string;
}

/** The flag of a field, with the words and the default of the schema. */
function flagOf<T>(
  field: string,
  kind: (placeholder: string, description: string) => Flag<T>,
  placeholder: string,
  words = jobFields().get(field)!.description.replace(/\.$/, ''),
): FieldFlag<T> {
  const { fallback } = jobFields().get(field)!;
  const ofBoxes = valueAt(withTaskDefaults({}, 'detection'), field.split('.'));
  const boxes = ofBoxes === undefined || ofBoxes === fallback ? '' : `; ${fieldText(ofBoxes)} for boxes`;
  const told = typeof fallback === 'string' || typeof fallback === 'number' ? ` (default: ${fallback}${boxes})` : '';
  return { ...kind(placeholder, words + told), field };
}

/** The fields that are set most often, in the order of the help; `--set` reaches the others. */
const FIELD_FLAGS = {
  data: flagOf('data', text, '<folder>', 'The dataset: a folder of class folders'),
  base: flagOf('base', text, '<model>'),
  rank: flagOf('lora.rank', number, '<r>'),
  alpha: flagOf('lora.alpha', number, '<a>'),
  target: flagOf('lora.targetModules', text, '<names>'),
  epochs: flagOf('training.epochs', number, '<n>', 'Passes over the training images'),
  batch: flagOf('training.batch', number, '<n>'),
  lr: flagOf('training.learningRate', number, '<rate>', 'The highest learning rate'),
  seed: flagOf('training.seed', number, '<n>', 'Of the split, the data order and the first values'),
  method: flagOf('method', text, '<method>'),
  engine: flagOf('engine', text, '<name>'),
  device: flagOf('device', text, '<card>'),
  threads: flagOf('threads', number, '<n>'),
  name: flagOf('name', text, '<name>'),
};

export const JOB_FLAGS = {
  ...FIELD_FLAGS,
  set: repeated('<field=value>', 'Any other field of the job, as training.warmup=0.1'),
};

/** Not the job's: it is about this machine, now. */
export const BUSY_FLAG = {
  busy: oneOf('<what>', BUSY_CHOICES, 'Where another run has the GPU: wait for it (default), or refuse'),
};

/**
 * The whole job, its paths absolute: those in a file are relative to the file, those of flags to the working folder. Throws
 * an `InputError` naming file, line and field; a `UsageError` where dataset or base are named nowhere.
 */
export async function jobFrom(given: Values<typeof JOB_FLAGS>, file?: string): Promise<Job> {
  const draft: Draft = file === undefined ? {} : readDraft(file);
  for (const [flag, { field }] of Object.entries(FIELD_FLAGS)) {
    const value = given[flag as keyof typeof FIELD_FLAGS];
    if (value !== undefined) assign(draft, field, flag === 'target' ? targetsOf(String(value)) : value);
  }
  for (const setting of given.set) assign(draft, ...settingOf(setting));
  if (draft['data'] === undefined || draft['base'] === undefined) {
    if (file !== undefined) throw new InputError('is missing', { file, field: draft['data'] ? 'base' : 'data' });
    throw new UsageError('name a dataset and a base: --data and --base, or a job file');
  }
  return absolute(validated(await forTask(draft)), process.cwd());
}

/** With the defaults of what the dataset is labelled for; `sample` is then the base of that task that comes with Lowrank. */
async function forTask(draft: Draft): Promise<Draft> {
  const { data, base } = draft;
  const task = typeof data === 'string' ? await taskOfDataset(data) : null;
  const known = task === 'detection' && base === 'sample' ? { ...draft, base: SAMPLE_DETECTOR } : draft;
  return withTaskDefaults(known, task ?? taskOfBase(base));
}

/** The paths of a job, made absolute; the names of the hub and of the sample are none. */
function absolute(job: Job, directory: string): Job {
  return { ...job, data: resolve(directory, job.data), base: absoluteBase(job.base, directory) };
}

function absoluteBase(base: string, directory: string): string {
  return kindOfBase(base) === 'path' ? resolve(directory, base) : base;
}

type Draft = Record<string, unknown>;

/** The fields of a job file, checked there so that a fault is told with its line; dataset and base may come by flags. */
function readDraft(file: string): Draft {
  const inFile = readJson(file, faultsInWords(jobSchema.partial({ data: true, base: true })), { comments: true });
  const { $schema: _, data, base, ...rest } = inFile;
  const directory = dirname(resolve(file));
  return {
    ...rest,
    ...(data !== undefined && { data: resolve(directory, data) }),
    ...(base !== undefined && { base: absoluteBase(base, directory) }),
  };
}

function faultsInWords<T>(schema: z.ZodType<T>): z.ZodType<T> {
  return z.unknown().transform((value, context): T => {
    const result = schema.safeParse(value, { reportInput: true });
    if (result.success) return result.data;
    for (const issue of result.error.issues) {
      const { path, message } = jobFaultOf(issue);
      context.addIssue({ code: 'custom', path: [...path], message });
    }
    return z.NEVER;
  });
}

function validated(draft: Draft): Job {
  const result = jobSchema.safeParse(draft, { reportInput: true });
  if (result.success) return result.data;
  const { path, message } = jobFaultOf(result.error.issues[0]!);
  throw new InputError(message, { field: path.join('.') });
}

/** `all-linear`, names with commas between, or a regular expression: something that no name can hold. */
function targetsOf(value: string): string | string[] {
  if (value === 'all-linear' || /[*+?()[\]{}|^$\\]/.test(value)) return value;
  return value.split(',').map((name) => name.trim());
}

function settingOf(setting: string): [path: string, value: unknown] {
  const [, path, value] = /^([^=]+)=(.*)$/s.exec(setting) ?? [];
  if (path === undefined || value === undefined) {
    throw new UsageError(`--set ${setting}: write a field and its value, as training.warmup=0.1`);
  }
  return [path.trim(), valueOf(value)];
}

/** JSON where it is JSON, else text: `0.1`, `true`, `["q_proj"]`, `cosine`. */
function valueOf(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

/** Sets the field at a dotted path; what is no object on the way is replaced, and the schema says what it should have been. */
function assign(draft: Draft, path: string, value: unknown): void {
  const [first = '', ...rest] = path.split('.');
  if (rest.length === 0) {
    Object.defineProperty(draft, first, { value, enumerable: true, configurable: true, writable: true });
    return;
  }
  const inner = Object.hasOwn(draft, first) ? draft[first] : undefined;
  const copy: Draft = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? { ...inner } : {};
  assign(copy, rest.join('.'), value);
  assign(draft, first, copy);
}
