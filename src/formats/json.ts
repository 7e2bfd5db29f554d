/** Reads JSON from outside: bounded in size, checked by a schema, its faults told with file, line and field. */
import { findNodeAtLocation, type ParseError, parse, parseTree, printParseErrorCode } from 'jsonc-parser';
import type * as z from 'zod';
import { InputError, messageOf } from '../shared/errors.ts';
import { readWhole } from './file-read.ts';
import { printable } from './printable.ts';

/** A `config.json` takes kilobytes, the largest tokenizers and weight indexes some tens of megabytes. */
const MAX_JSON_BYTES = 64 * 2 ** 20;

export interface JsonOptions {
  /** Accept comments and trailing commas, as VS Code's own settings do. */
  readonly comments?: boolean;
  readonly maxBytes?: number;
}

/** The content of a JSON file as `schema` describes it. Throws an `InputError` naming file, line and field. */
export function readJson<T>(path: string, schema: z.ZodType<T>, options: JsonOptions = {}): T {
  const bytes = readWhole(path, options.maxBytes ?? MAX_JSON_BYTES);
  return parseJson(new TextDecoder().decode(bytes), path, schema, options);
}

/** The same for text that is already in memory; `file` only names it in errors. */
export function parseJson<T>(text: string, file: string, schema: z.ZodType<T>, options: JsonOptions = {}): T {
  const plain = text.replace(/^\uFEFF/, '');
  const result = schema.safeParse(parseText(plain, file, options.comments ?? false));
  if (result.success) return result.data;
  const [first, ...rest] = result.error.issues;
  const path = (first?.path ?? []).filter((key) => typeof key !== 'symbol');
  const more = rest.length > 0 ? ` (and ${rest.length} more)` : '';
  throw new InputError(printable(first?.message ?? 'does not fit its schema') + more, {
    file,
    ...place(plain, path),
  });
}

function parseText(text: string, file: string, comments: boolean): unknown {
  if (!comments) {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      // Parsed again below, for the line of the fault.
    }
  }
  const errors: ParseError[] = [];
  try {
    const value = parse(text, errors, { disallowComments: !comments, allowTrailingComma: comments }) as unknown;
    const [fault] = errors;
    if (fault === undefined && comments) return value;
    const what = fault === undefined ? 'Not JSON' : printParseErrorCode(fault.error);
    throw new InputError(inWords(what), { file, line: lineAt(text, fault?.offset ?? 0) });
  } catch (error) {
    // The parser is recursive; only nesting beyond any real file exhausts the stack.
    throw error instanceof RangeError ? new InputError(`nested too deeply: ${messageOf(error)}`, { file }) : error;
  }
}

/** Line and name of a field; the line is that of its nearest part that exists. */
function place(text: string, path: readonly (string | number)[]): { line?: number; field?: string } {
  if (path.length === 0) return {};
  const field = printable(
    path.map((key, i) => (typeof key === 'number' ? `[${key}]` : i === 0 ? key : `.${key}`)).join(''),
  );
  try {
    const tree = parseTree(text);
    for (let depth = path.length; depth > 0 && tree !== undefined; depth--) {
      const node = findNodeAtLocation(tree, path.slice(0, depth));
      if (node !== undefined) return { field, line: lineAt(text, node.offset) };
    }
  } catch {
    // Nested too deeply for the recursive parser: told without a line.
  }
  return { field };
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** `CloseBraceExpected` → `invalid JSON: close brace expected`. */
function inWords(code: string): string {
  return `invalid JSON: ${code.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()}`;
}
