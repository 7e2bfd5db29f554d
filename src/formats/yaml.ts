/** Reads YAML from outside: bounded in size and in what its aliases unfold to, checked by a schema, its faults told with line and field. */
import { LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod';
import { InputError, messageOf } from '../shared/errors.ts';
import { readWhole } from './file-read.ts';
import { printable } from './printable.ts';
import { decodeText } from './text.ts';

/** Names of 32 768 classes take half a megabyte. */
const MAX_YAML_BYTES = 4 * 2 ** 20;
/** An alias of aliases of aliases … unfolds to more than any memory. */
const MAX_ALIASES = 100;

/** The content of a YAML file as `schema` describes it. Throws an `InputError` naming file, line and field. */
export function readYaml<T>(path: string, schema: z.ZodType<T>): T {
  const text = decodeText(readWhole(path, MAX_YAML_BYTES), path);
  const lines = new LineCounter();
  const document = parsed(
    // `merge`: `<<`, which the YAML that Python reads has.
    () => parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'silent', merge: true }),
    path,
  );
  const [fault] = document.errors;
  if (fault !== undefined) {
    throw new InputError(`invalid YAML: ${printable(fault.message)}`, {
      file: path,
      line: lines.linePos(fault.pos[0]).line,
    });
  }
  const content = parsed(() => document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown, path);
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  const { message, path: keys } = result.error.issues[0]!;
  const node =
    keys.length === 0 ? undefined : (document.getIn(keys, true) as { range?: readonly number[] } | undefined);
  const offset = node?.range?.[0];
  throw new InputError(printable(message), {
    file: path,
    ...(offset !== undefined && { line: lines.linePos(offset).line }),
    ...(keys.length > 0 && { field: printable(keys.join('.')) }),
  });
}

/** What the parser throws at hostile documents (nesting, aliases) is the document's fault. */
function parsed<T>(parse: () => T, file: string): T {
  try {
    return parse();
  } catch (error) {
    throw new InputError(`invalid YAML: ${printable(messageOf(error))}`, { file });
  }
}
