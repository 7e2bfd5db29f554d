/** Images that cannot be read: how they are told, and how many are put up with. */
import type { Finding } from '../shared/dataset-report.ts';
import type { InputError } from '../shared/errors.ts';

/** A handful of damaged files is normal in a collected dataset; more means that something else is wrong. */
export function maxFaults(images: number): number {
  return Math.max(5, Math.floor(images * 0.01));
}

/** The error as it is told of `file`: where it names that file itself, its path and line are no part of the text. */
export function faultOf({ message, reason, place }: InputError, file: string): Finding {
  if (place.file !== file) return { file, message };
  const { line, field } = place;
  return { file, ...(line !== undefined && { line }), message: field === undefined ? reason : `${field}: ${reason}` };
}
