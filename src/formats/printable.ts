/** Longer names say nothing more in a message of one line. */
const MAX_LENGTH = 200;

/** Text out of a foreign file, fit for a message: no line breaks, no terminal escapes, not endless. */
export function printable(text: string): string {
  const plain = text.replace(/\p{Cc}/gu, '\uFFFD');
  return plain.length > MAX_LENGTH ? `${plain.slice(0, MAX_LENGTH)}…` : plain;
}
