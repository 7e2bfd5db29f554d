/** A list of strings that threads share: a million paths are held once, not once a worker. */
export interface SharedStrings {
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** Where each string starts, and after the last where it ends. */
  readonly offsets: Float64Array<SharedArrayBuffer>;
}

export function shareStrings(strings: readonly string[]): SharedStrings {
  const offsets = new Float64Array(new SharedArrayBuffer(8 * (strings.length + 1)));
  for (const [i, text] of strings.entries()) offsets[i + 1] = offsets[i]! + Buffer.byteLength(text);
  const bytes = new Uint8Array(new SharedArrayBuffer(offsets[strings.length]));
  const buffer = Buffer.from(bytes.buffer);
  for (const [i, text] of strings.entries()) buffer.write(text, offsets[i]!);
  return { bytes, offsets };
}

export function sharedString({ bytes, offsets }: SharedStrings, index: number): string {
  return Buffer.from(bytes.buffer).toString('utf8', offsets[index], offsets[index + 1]);
}
