/** What a stream can show: colours, and a last line that is written anew. */

export interface Terminal {
  /** Whether the last line may be overwritten: a terminal, and not a dumb one. */
  readonly live: boolean;
  readonly colour: boolean;
  /** Characters in a line, asked anew each time since windows change. */
  columns(): number;
  write(text: string): void;
}

/** The part of a stream that is used: `process.stdout`, `process.stderr`. */
interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Colours follow NO_COLOR (no-color.org) and FORCE_COLOR; both leave a piped stream without live lines. */
export function terminalOf(stream: Output, env: NodeJS.ProcessEnv = process.env): Terminal {
  const live = stream.isTTY === true && env['TERM'] !== 'dumb';
  const forced = env['FORCE_COLOR'];
  const colour = (env['NO_COLOR'] ?? '') !== '' ? false : forced === undefined ? live : forced !== '0';
  return {
    live,
    colour,
    // Some terminals, those of scripts above all, tell a width of 0.
    columns: () => Math.max(stream.columns ?? 0, 0) || 80,
    write: (text) => void stream.write(text),
  };
}

const STYLES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

export type Style = keyof typeof STYLES;

/** The text in a style; as it is where there are no colours. */
export function paint({ colour }: Pick<Terminal, 'colour'>, style: Style, text: string): string {
  const [on, off] = STYLES[style];
  return colour ? `\u001b[${on}m${text}\u001b[${off}m` : text;
}

/** Without line breaks and terminal escapes: class names, paths and messages come from outside. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, '\uFFFD');
}

/** A last line that can be replaced, with lasting lines written above it. */
export class LiveLine {
  readonly #terminal: Terminal;
  #shown = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** `text` must fit one line: a wrapped one could not be taken back. */
  show(text: string): void {
    // Back to the first column, then clear to the end: written over, the line does not flicker.
    this.#terminal.write(`\r${text}\u001b[K`);
    this.#shown = true;
  }

  /** A line that stays. */
  print(text: string): void {
    this.clear();
    this.#terminal.write(`${text}\n`);
  }

  clear(): void {
    if (this.#shown) this.#terminal.write('\r\u001b[K');
    this.#shown = false;
  }
}
