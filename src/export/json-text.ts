/** Edits JSON as text whose numbers stay as they were written: to Python `1.0` is a float and `1` is none. */

const MARK = '\u0000';
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** The object in `text` (which is JSON) with what `edit` makes of it; numbers it leaves alone keep their digits. */
export function editJsonText(text: string, edit: (fields: Readonly<Record<string, unknown>>) => object): string {
  const marked = text.replace(STRING_OR_NUMBER, (token) =>
    token.startsWith('"') ? token : JSON.stringify(MARK + token),
  );
  const edited = JSON.stringify(edit(JSON.parse(marked) as Record<string, unknown>), null, 2);
  const written = new RegExp(JSON.stringify(MARK).slice(0, -1).replaceAll('\\', '\\\\') + '([^"]*)"', 'g');
  return `${edited.replace(written, '$1')}\n`;
}
