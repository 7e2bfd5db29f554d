/** Edits of JSON with comments that leave everything else as it is: comments, order, indentation, unknown fields. */
import {
  applyEdits,
  findNodeAtLocation,
  modify,
  type Node,
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
  return difference(
    text,
    edits.reduce((edited, { path, value }) => withField(edited, path, value), text),
  );
}

function withField(text: string, path: readonly string[], value: unknown): string {
  const tree = parseTree(text, [], { allowTrailingComma: true });
  const present = tree && findNodeAtLocation(tree, [...path]);
  if (value === undefined)
    return present === undefined ? text : applyEdits(text, modify(text, [...path], undefined, {}));
  const layout = layoutOf(text);
  if (present !== undefined) return splice(text, present.offset, present.length, pretty(value, path.length, layout));
  // The nearest parent that exists takes the rest of the path as nested objects.
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const parent = tree && findNodeAtLocation(tree, path.slice(0, depth));
    if (parent === undefined) continue;
    const nested = path.slice(depth + 1).reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
    if (parent.type !== 'object')
      return splice(text, parent.offset, parent.length, pretty({ [path[depth]!]: nested }, depth, layout));
    return withProperty(text, parent, { key: path[depth]!, value: nested, depth: depth + 1 }, layout);
  }
  return text;
}

interface NewProperty {
  readonly key: string;
  readonly value: unknown;
  readonly depth: number;
}

/**
 * At the end of an object. jsonc-parser's own insertion formats the property before the new one, too, which a person may have
 * laid out by hand.
 */
function withProperty(text: string, parent: Node, { key, value, depth }: NewProperty, layout: Layout): string {
  const { eol, indent } = layout;
  const line = `${eol}${indent.repeat(depth)}${JSON.stringify(key)}: ${pretty(value, depth, layout)}`;
  const last = parent.children?.at(-1);
  if (last !== undefined) {
    const end = last.offset + last.length;
    // A comment at the end of the line belongs to the property before it.
    const rest = /^([ \t]*,)?([ \t]*(?:\/\/[^\r\n]*|\/\*[^\r\n]*\*\/[ \t]*)?)(?=\r?\n)/.exec(text.slice(end));
    const [tail = '', comma = ',', comment = ''] = rest ?? [];
    return splice(text, end, tail.length, `${comma}${comment}${line}`);
  }
  return splice(text, parent.offset + 1, 0, `${line}${eol}${indent.repeat(depth - 1)}`);
}

function splice(text: string, offset: number, length: number, inserted: string): string {
  return text.slice(0, offset) + inserted + text.slice(offset + length);
}

function pretty(value: unknown, depth: number, { eol, indent }: Layout): string {
  return JSON.stringify(value, null, indent).replaceAll('\n', `${eol}${indent.repeat(depth)}`);
}

interface Layout {
  readonly eol: string;
  readonly indent: string;
}

/** As the file has it: the indentation of its first indented line. */
function layoutOf(text: string): Layout {
  return { eol: text.includes('\r\n') ? '\r\n' : '\n', indent: /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ' };
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

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
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
