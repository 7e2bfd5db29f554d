/** What commands take on their line: arguments by place, flags by name. Each carries the type of the value it gives. */
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';

/** `T` is what the command gets: `string | undefined` for a flag that may be left out. */
export interface Flag<T> {
  readonly description: string;
  /** How the value is written in the help, `<folder>`; undefined for a switch. */
  readonly placeholder?: string;
  /** `before` is the value so far of a flag that may be repeated. Throws commander's error for what is no such value. */
  readonly parse?: (text: string, before: unknown) => T;
  readonly fallback?: T;
  readonly choices?: readonly string[];
  readonly mandatory?: boolean;
}

export interface Positional<T> {
  readonly description: string;
  readonly form: 'one' | 'optional' | 'many';
  /** Keeps `T` in the type: nothing else does. */
  readonly fallback?: T;
}

export type Flags = Readonly<Record<string, Flag<unknown>>>;
export type Positionals = Readonly<Record<string, Positional<unknown>>>;
/** The values that a table of flags or arguments gives. */
export type Values<P> = { readonly [K in keyof P]: P[K] extends Flag<infer T> | Positional<infer T> ? T : never };

export function one(description: string): Positional<string> {
  return { description, form: 'one' };
}

export function optional(description: string): Positional<string | undefined> {
  return { description, form: 'optional' };
}

/** At least one. */
export function many(description: string): Positional<readonly string[]> {
  return { description, form: 'many' };
}

export function toggle(description: string): Flag<boolean> {
  return { description, fallback: false };
}

export function text(placeholder: string, description: string): Flag<string | undefined> {
  return { description, placeholder, parse: (given) => given };
}

/** May be given several times. */
export function repeated(placeholder: string, description: string): Flag<readonly string[]> {
  return {
    description,
    placeholder,
    parse: (given, before = []) => [...(before as readonly string[]), given],
    fallback: [],
  };
}

export function number(placeholder: string, description: string): Flag<number | undefined> {
  return { description, placeholder, parse: parseNumber };
}

export function oneOf<T extends string>(
  placeholder: string,
  choices: readonly T[],
  description: string,
): Flag<T | undefined> {
  return { description, placeholder, parse: (given) => given as T, choices };
}

/** A flag without which the command makes no sense. */
export function required<T>(flag: Flag<T | undefined>): Flag<T> {
  return { ...(flag as Flag<T>), mandatory: true };
}

export function withDefault<T>(flag: Flag<T | undefined>, fallback: T): Flag<T> {
  return { ...(flag as Flag<T>), fallback };
}

export function parseNumber(given: string): number {
  const value = Number(given);
  if (given.trim() === '' || Number.isNaN(value)) throw new InvalidArgumentError('It is no number.');
  return value;
}

/** Adds them to a command of commander. */
export function declare(command: Command, positionals: Positionals, flags: Flags): void {
  for (const [key, { description, form }] of Object.entries(positionals)) {
    const written = { one: `<${key}>`, optional: `[${key}]`, many: `<${key}...>` }[form];
    command.addArgument(new Argument(written, description));
  }
  for (const [key, flag] of Object.entries(flags)) command.addOption(optionOf(key, flag));
}

function optionOf(key: string, flag: Flag<unknown>): Option {
  const { description, placeholder, parse, fallback, choices, mandatory = false } = flag;
  const name = `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const option = new Option(placeholder === undefined ? name : `${name} ${placeholder}`, description);
  if (choices !== undefined) option.choices(choices);
  else if (parse !== undefined) option.argParser(parse);
  // The help shows these; an empty list would only be noise there.
  if (typeof fallback === 'string' || typeof fallback === 'number') option.default(fallback);
  return option.makeOptionMandatory(mandatory);
}

/** The values of a command line that commander has parsed, under the keys of the tables. */
export function valuesOf<P extends Positionals, F extends Flags>(
  command: Command,
  positionals: P,
  flags: F,
): Values<P> & Values<F> {
  const given: Record<string, unknown> = {};
  for (const [i, key] of Object.keys(positionals).entries()) given[key] = command.processedArgs[i] as unknown;
  const options = command.opts<Record<string, unknown>>();
  for (const [key, { fallback }] of Object.entries(flags)) given[key] = options[key] ?? fallback;
  return given as Values<P> & Values<F>;
}
