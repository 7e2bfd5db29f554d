/** `hf:owner/name[@revision]`: a model on a hub. */
import { InputError } from '../../shared/errors.ts';

export interface HubReference {
  /** `owner/name` */
  readonly id: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

const PART = '[A-Za-z0-9_][A-Za-z0-9._-]{0,95}';
const REFERENCE = new RegExp(`^hf:(?<id>${PART}/${PART})(@(?<revision>[A-Za-z0-9_][A-Za-z0-9._/-]{0,199}))?$`);

/** Throws an `InputError` unless `text` has that form. Without a revision it is `main`. */
export function parseHubReference(text: string): HubReference {
  const groups = REFERENCE.exec(text)?.groups;
  const { id, revision = 'main' } = groups ?? {};
  if (id === undefined || !isReference(text)) {
    throw new InputError('write a model on the hub as hf:owner/name or hf:owner/name@revision', { field: text });
  }
  return { id, revision };
}

/** What `owner/name[@revision]` is called on the hub; undefined for what no hub has as a name. */
export function hubNameOf(text: string): string | undefined {
  const name = `hf:${text}`;
  return isReference(name) ? name : undefined;
}

/** A double dash joins the two parts in the cache, two dots lead out of it; the hub allows neither. */
function isReference(text: string): boolean {
  return REFERENCE.test(text) && !/--|\.\./.test(text);
}
