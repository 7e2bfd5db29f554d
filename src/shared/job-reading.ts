/**
 * A job as a form shows it: complete although its file is unfinished or partly wrong. What is wrong is told beside its field; the form
 * shows the default there, and the file keeps what it says.
 */
import { assigned, isValues, type JobValues } from './draft.ts';
import { type Job, jobSchema } from './job.ts';
import { type JobFault, jobFaultOf } from './job-faults.ts';
import { withTaskDefaults } from './task-defaults.ts';

export interface JobReading {
  /** Null while anything is wrong or missing. */
  readonly job: Job | null;
  /** What a form shows: `data` and `base` may be empty. */
  readonly shown: Job;
  readonly faults: readonly JobFault[];
}

/** Each round takes at least one wrong field away. */
const MAX_ROUNDS = 200;

const UNNAMED = { data: '?', base: '?' };

export function readJobValues(values: unknown): JobReading {
  const root = isValues(values) ? values : {};
  const faults: JobFault[] = [];
  if (!isValues(values)) faults.push({ path: [], message: 'a job is an object of fields, in braces' });
  let rest: JobValues = { ...UNNAMED, ...root };
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const result = jobSchema.safeParse(withTaskDefaults(rest), { reportInput: true });
    if (result.success) return reading(result.data, root, faults);
    for (const issue of result.error.issues) {
      const fault = jobFaultOf(issue);
      faults.push(fault);
      rest = { ...UNNAMED, ...withoutField(rest, fault.path) };
    }
  }
  return reading(jobSchema.parse(UNNAMED), root, faults);
}

function reading(parsed: Job, root: JobValues, faults: readonly JobFault[]): JobReading {
  const named = (field: 'data' | 'base'): boolean =>
    field in root && !faults.some(({ path }) => path.length === 1 && path[0] === field);
  const shown = { ...parsed, data: named('data') ? parsed.data : '', base: named('base') ? parsed.base : '' };
  const whole = faults.length === 0 && shown.data !== '' && shown.base !== '';
  return { job: whole ? shown : null, shown, faults };
}

/** Down to the first list: an entry of a list cannot be taken away without moving the others. */
function withoutField(values: JobValues, path: readonly (string | number)[]): JobValues {
  const end = path.findIndex((key) => typeof key === 'number');
  const fields = path.slice(0, end < 0 ? undefined : end).map(String);
  return assigned(values, { path: fields.length === 0 ? [String(path[0])] : fields });
}

/** A job as it would be written: the fields that differ from their defaults. */
export function writtenJob(job: Job): JobValues {
  const { data, base } = job;
  const defaults = jobSchema.parse(withTaskDefaults({ data, base }));
  return { data, base, ...differing({ ...job, data: undefined, base: undefined }, defaults) };
}

function differing(value: JobValues, defaults: JobValues): JobValues {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, field]) => {
      const usual = defaults[key];
      if (field === undefined || JSON.stringify(field) === JSON.stringify(usual)) return [];
      return [[key, isValues(field) && isValues(usual) ? differing(field, usual) : field]];
    }),
  );
}

/** The fields, by dotted path, in which two jobs differ. */
export function differingFields(a: Job, b: Job): string[] {
  return leavesThatDiffer(a, b, '');
}

function leavesThatDiffer(a: JobValues, b: JobValues, prefix: string): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) => {
    const [left, right] = [a[key], b[key]];
    if (isValues(left) && isValues(right)) return leavesThatDiffer(left, right, `${prefix}${key}.`);
    return JSON.stringify(left) === JSON.stringify(right) ? [] : [`${prefix}${key}`];
  });
}
