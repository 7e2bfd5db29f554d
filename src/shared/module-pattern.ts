/**
 * Which modules a name or a pattern means, by the rules of PEFT (checked against 0.21): a name is a path or its last dotted
 * parts, a target pattern matches a whole path, a rank or alpha pattern matches its last dotted parts.
 */
import { InputError } from './errors.ts';

/** One alternative per module of a large model fits; more is no pattern. */
const MAX_PATTERN_LENGTH = 100_000;
/** Each unbounded repeat may multiply the time by the length of a path: a pattern from a file must not stop the program. */
const MAX_REPEATS = 5;

/** Whether `name` is the module's path, or ends it after a dot. */
export function matchesName(path: string, name: string): boolean {
  return path === name || path.endsWith(`.${name}`);
}

/** A Python regular expression that must match a whole path. Throws an `InputError` at `field` if it is none, or too costly. */
export function targetPattern(source: string, field: string): RegExp {
  return compile(source, field, '^(?:', ')$');
}

/**
 * PEFT's `rank_pattern` and `alpha_pattern`: from a path to the value of the first key that matches it, else undefined.
 * A key is a regular expression for the last dotted parts of a path; `^` anchors it at the start. Throws as `targetPattern`.
 */
export function patternValues(
  patterns: Readonly<Record<string, number>>,
  field: string,
): (path: string) => { key: string; value: number } | undefined {
  const rules = Object.entries(patterns).map(([key, value]) => ({
    key,
    value,
    regex: compile(key, `${field}.${key}`, '^(?:.*\\.)?(?:', ')$'),
  }));
  return (path) => rules.find(({ key, regex }) => key === path || regex.test(path));
}

/** A pattern for these paths and no other. */
export function patternOfPaths(paths: readonly string[]): string {
  return paths.map((path) => path.replaceAll(/[^\w]/g, '\\$&')).join('|');
}

/** The block a module lies in: the first number among the parts of its path, but for the last part; undefined without one. */
export function blockOf(path: string): number | undefined {
  const index = path
    .split('.')
    .slice(0, -1)
    .find((part) => /^\d+$/.test(part));
  return index === undefined ? undefined : Number(index);
}

function compile(source: string, field: string, before: string, after: string): RegExp {
  const fault = faultOf(source);
  if (fault !== undefined) throw new InputError(fault, { field });
  try {
    // Python writes named groups with a P.
    return new RegExp(before + source.replaceAll('(?P<', '(?<').replaceAll(/\(\?P=(\w+)\)/g, '\\k<$1>') + after);
  } catch {
    throw new InputError(`${quote(source)} is not a regular expression; correct it or list names instead`, { field });
  }
}

function faultOf(source: string): string | undefined {
  if (source.length > MAX_PATTERN_LENGTH)
    return `a pattern of ${source.length} characters; ${MAX_PATTERN_LENGTH} are allowed`;
  // Escapes and classes cannot repeat anything themselves.
  const bare = source.replaceAll(/\\./gs, '_').replaceAll(/\[[^\]]*\]/g, '_');
  if (/\)[*+{]/.test(bare)) return `${quote(source)} repeats a group, which can take forever; list names instead`;
  const repeats = bare.match(/[*+]|\{\d*,\d*\}/g)?.length ?? 0;
  if (repeats > MAX_REPEATS)
    return `${quote(source)} has ${repeats} repeats (* or +), more than ${MAX_REPEATS}; list names instead`;
  return undefined;
}

function quote(source: string): string {
  return JSON.stringify(source.length > 60 ? `${source.slice(0, 57)}…` : source);
}
