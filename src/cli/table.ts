/** Text in columns, as wide as its widest cell. Names out of files are made fit for a terminal here. */
import { paint, plain, type Style, type Terminal } from './terminal.ts';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Numbers stand under each other by their last digit. */
  readonly right?: boolean;
}

const GAP = '  ';

/** A line of titles, then one a row. */
export function table<Row>(out: Terminal, rows: readonly Row[], columns: readonly Column<Row>[]): string[] {
  const cells = rows.map((row) => columns.map(({ cell }) => plain(cell(row))));
  const titles = columns.map(({ title }) => title);
  const widths = columns.map((_, i) => Math.max(...[titles, ...cells].map((line) => widthOf(line[i]!))));
  const joined = (line: readonly string[]): string =>
    line
      .map((text, i) => {
        const space = ' '.repeat(widths[i]! - widthOf(text));
        return columns[i]!.right === true ? space + text : text + space;
      })
      .join(GAP)
      .trimEnd();
  return [paint(out, 'dim', joined(titles)), ...cells.map(joined)];
}

export interface Fact {
  readonly name: string;
  readonly value: string;
  readonly style?: Style;
}

/** Names in a first column, what they are in a second. */
export function facts(out: Terminal, given: readonly (Fact | null)[]): string[] {
  const told = given.filter((fact) => fact !== null);
  const width = Math.max(...told.map(({ name }) => widthOf(name)));
  return told.map(({ name, value, style }) => {
    const shown = plain(value);
    const label = name + ' '.repeat(width - widthOf(name));
    return `${paint(out, 'dim', label)}${GAP}${style === undefined ? shown : paint(out, style, shown)}`;
  });
}

/** Two columns each on a terminal: East Asian wide forms and pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** Columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    if (!/\p{M}/u.test(character)) width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}
