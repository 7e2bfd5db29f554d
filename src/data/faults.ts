/** Images that cannot be read: how they are told, and how many are put up with. */
import type { Finding } from '../shared/dataset-report.ts';
import type { InputError } from '../shared/errors.ts';

/** A handful of damaged files is normal in a collected dataset; more means that something else is wrong. */
export function maxFaults(images: number): number {
  return Math.max(5, Math.floor(images * 0.01));
}

/** The error without the path that its message starts with. */
export function faultOf({ message }: InputError, file: string): Finding {
  const prefix = `${file}: `;
  return { file, message: message.startsWith(prefix) ? message.slice(prefix.length) : message };
}
