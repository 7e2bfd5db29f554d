/** Text from outside: UTF-8, UTF-16 where its first bytes say so (as Windows' tools write it), or what the text declares of itself. */
import { InputError } from '../shared/errors.ts';
import { printable } from './printable.ts';

/** Without its byte order mark. Throws an `InputError` naming `file` where the bytes are no text of that encoding. */
export function decodeText(bytes: Uint8Array, file: string, declared = 'utf-8'): string {
  const encoding = marked(bytes) ?? declared;
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    const name = encoding.toLowerCase() === 'utf-8' ? 'UTF-8' : printable(encoding);
    throw new InputError(`is no text in ${name}; save it as UTF-8`, { file });
  }
}

function marked([first, second]: Uint8Array): string | undefined {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : undefined;
}
