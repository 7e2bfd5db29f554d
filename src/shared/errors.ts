/** Where the fault lies: a file, a line in it, a field of it. */
export interface Place {
  readonly file?: string;
  readonly line?: number;
  readonly field?: string;
}

/**
 * The input's fault, told in one line that says where it is and what to do about it.
 * The command line prints it and exits with 1; a stack trace would only hide it.
 */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly place: Place;
  /** What is wrong, without the place. */
  readonly reason: string;

  constructor(reason: string, place: Place = {}) {
    super(locate(place) + reason);
    this.reason = reason;
    this.place = place;
  }
}

function locate({ file, line, field }: Place): string {
  const where = [file === undefined ? undefined : line === undefined ? file : `${file}:${line}`, field].filter(
    (part) => part !== undefined,
  );
  return where.length > 0 ? `${where.join(': ')}: ` : '';
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
