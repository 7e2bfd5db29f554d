/** Edits of JSON with comments that leave everything else as it is: comments, order, indentation, unknown fields. */
import {
  applyEdits,
  findNodeAtLocation,
  modify,
  parse,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';

export interface JsonTextEdit {
  readonly offset: number;
  readonly length: number;
  readonly text: string;
}

export interface FieldEdit {
  readonly path: readonly string[];
  /** Undefined takes the field away. */
  readonly value?: unknown;
}

/** All edits as one replacement, as small as it can be; undefined where they change nothing. */
export function editJson(text: string, edits: readonly FieldEdit[]): JsonTextEdit | undefined {
  const formattingOptions = { ...indentationOf(text), eol: text.includes('\r\n') ? '\r\n' : '\n' };
  let edited = text;
  for (const { path, value } of edits) {
    if (value === undefined && findField(edited, path) === undefined) continue;
    edited = applyEdits(edited, modify(edited, [...path], value, { formattingOptions }));
  }
  return difference(text, edited);
}

export type JsonText =
  | { readonly value: unknown }
  /** Not JSON, even with comments; the line counts from 1. */
  | { readonly fault: { readonly message: string; readonly line: number } };

/** An empty text is an empty object, as a file that was just made. */
export function parseJsonText(text: string): JsonText {
  if (text.trim() === '') return { value: {} };
  const errors: ParseError[] = [];
  try {
    const value = parse(text, errors, { allowTrailingComma: true }) as unknown;
    const [first] = errors;
    if (first === undefined) return { value };
    const message = printParseErrorCode(first.error)
      .replace(/([a-z])([A-Z])/g, '$1 $2')
      .toLowerCase();
    return { fault: { message, line: lineAt(text, first.offset) } };
  } catch (error) {
    // The parser is recursive; only nesting beyond any real file exhausts the stack.
    if (error instanceof RangeError) return { fault: { message: 'nested too deeply', line: 1 } };
    throw error;
  }
}

/** Where a field's value lies; where it is missing, its nearest parent. Undefined for text without any value. */
export function placeOf(text: string, path: readonly (string | number)[]): Omit<JsonTextEdit, 'text'> | undefined {
  const tree = parseTree(text, [], { allowTrailingComma: true });
  if (tree === undefined) return undefined;
  for (let depth = path.length; depth >= 0; depth--) {
    const node = findNodeAtLocation(tree, path.slice(0, depth));
    if (node !== undefined) return { offset: node.offset, length: node.length };
  }
  return undefined;
}

export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function findField(text: string, path: readonly string[]): unknown {
  const tree = parseTree(text, [], { allowTrailingComma: true });
  return tree && findNodeAtLocation(tree, [...path]);
}

function indentationOf(text: string): { insertSpaces: boolean; tabSize: number } {
  const [, indent] = /\n([ \t]+)\S/.exec(text) ?? [];
  if (indent === undefined) return { insertSpaces: true, tabSize: 2 };
  return { insertSpaces: !indent.startsWith('\t'), tabSize: indent.startsWith('\t') ? 1 : indent.length };
}

/** The texts without what they begin and end with alike. */
function difference(before: string, after: string): JsonTextEdit | undefined {
  if (before === after) return undefined;
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  return { offset: start, length: before.length - start - end, text: after.slice(start, after.length - end) };
}
