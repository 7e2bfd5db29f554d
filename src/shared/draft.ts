/**
 * A job while it is being written: what differs from the defaults, with what was before and after for undo and redo. Pure, and plain
 * data, so that it is kept over reloads as it is.
 */

/** A job as in its file, perhaps unfinished: nested objects of what was set. */
export type JobValues = Readonly<Record<string, unknown>>;

/** Sets the field at a path; undefined takes it away, back to its default. */
export interface JobEdit {
  readonly path: readonly string[];
  readonly value?: unknown;
}

export interface Draft {
  /** The oldest first. */
  readonly past: readonly JobValues[];
  readonly present: JobValues;
  /** The next one first. */
  readonly future: readonly JobValues[];
}

/** More steps back than anyone takes; a draft is kept in the workspace's state. */
const MAX_PAST = 100;

export function newDraft(present: JobValues): Draft {
  return { past: [], present, future: [] };
}

/** One step for all edits together; none where they change nothing. */
export function editDraft(draft: Draft, edits: readonly JobEdit[]): Draft {
  const present = edits.reduce(assigned, draft.present);
  if (JSON.stringify(present) === JSON.stringify(draft.present)) return draft;
  return { past: [...draft.past, draft.present].slice(-MAX_PAST), present, future: [] };
}

/** Another job in its place, as one step. */
export function replaceDraft(draft: Draft, present: JobValues): Draft {
  return { past: [...draft.past, draft.present].slice(-MAX_PAST), present, future: [] };
}

export function undo({ past, present, future }: Draft): Draft | undefined {
  const before = past.at(-1);
  return before && { past: past.slice(0, -1), present: before, future: [present, ...future] };
}

export function redo({ past, present, future }: Draft): Draft | undefined {
  const [after, ...rest] = future;
  return after && { past: [...past, present], present: after, future: rest };
}

/** A copy with one field set or taken away; objects left empty go with it. */
export function assigned(values: JobValues, { path, value }: JobEdit): JobValues {
  const [first, ...rest] = path;
  if (first === undefined) return values;
  const { [first]: before, ...others } = values;
  const next = rest.length === 0 ? value : assigned(isValues(before) ? before : {}, { path: rest, value });
  const gone = next === undefined || (rest.length > 0 && Object.keys(next as JobValues).length === 0);
  // The order of the fields stays, so that an undone edit leaves the same text.
  if (gone) return others;
  return { ...values, [first]: next };
}

export function isValues(value: unknown): value is JobValues {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
