/** What is wrong with a job, in words: its schema finds the fault, this says what to write instead. */
import type * as z from 'zod';
import { nearestNames } from './nearest-names.ts';
import { jobFields } from './job-fields.ts';

export interface JobFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

/** `issue` as found with `reportInput`. */
export function jobFaultOf(issue: Issue): JobFault {
  const path = issue.path.filter((key) => typeof key !== 'symbol');
  if (issue.code !== 'unrecognized_keys') return { path, message: inWords(issue) };
  const unknown = [...path, issue.keys[0]!];
  return { path: unknown, message: `there is no such field${suggestion(unknown)}` };
}

function suggestion(path: readonly (string | number)[]): string {
  const known = [...jobFields().keys()];
  const name = String(path.at(-1));
  const prefix = path
    .slice(0, -1)
    .map((key) => `${key}.`)
    .join('');
  const siblings = known
    .filter((field) => field.startsWith(prefix))
    .map((field) => field.slice(prefix.length).split('.')[0]!);
  const nearest = nearestNames(name, siblings).map((sibling) => prefix + sibling);
  // The right name at the wrong level is the commonest slip of all.
  const elsewhere = known.filter((field) => field.endsWith(`.${name}`));
  const meant = [...elsewhere, ...nearest];
  return meant.length > 0 ? `; did you mean ${meant.join(' or ')}?` : '';
}

function inWords(issue: Issue): string {
  const given = shown(issue.input);
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${nameOf(issue.expected)}, not ${given}`;
    case 'too_small':
    case 'too_big':
      return bound(issue, given);
    case 'invalid_value':
      return `must be ${issue.values.map(shown).join(' or ')}, not ${given}`;
    case 'invalid_union':
      return `must be ${expectations(issue).join(' or ')}, not ${given}`;
    default:
      return issue.message;
  }
}

function bound(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>, given: string): string {
  const [limit, word] =
    issue.code === 'too_small'
      ? [issue.minimum, issue.inclusive === false ? 'more than' : 'at least']
      : [issue.maximum, issue.inclusive === false ? 'less than' : 'at most'];
  const unit = issue.origin === 'string' ? 'characters' : issue.origin === 'array' ? 'entries' : '';
  if (issue.code === 'too_small' && unit !== '' && limit === 1) return 'must not be empty';
  return unit === '' ? `must be ${word} ${limit}, not ${given}` : `must have ${word} ${limit} ${unit}`;
}

/** What each branch of a union would have taken. */
function expectations({ errors }: Extract<Issue, { code: 'invalid_union' }>): string[] {
  const each = errors.map(([first]) => {
    if (first?.code === 'invalid_type') return nameOf(first.expected);
    return first?.code === 'invalid_value' ? first.values.map(shown).join(' or ') : undefined;
  });
  return [...new Set(each.filter((name) => name !== undefined))];
}

function nameOf(expected: string): string {
  const names: Readonly<Record<string, string>> = {
    int: 'a whole number',
    number: 'a number',
    string: 'text',
    boolean: 'true or false',
    array: 'a list',
    tuple: 'a list',
    object: 'an object',
    record: 'an object',
    null: 'null',
  };
  return names[expected] ?? expected;
}

/** Longer values would hide what is wrong with them. */
const MAX_SHOWN = 40;

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
