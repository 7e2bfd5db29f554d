/** Try it: base and adapter side by side on images of the user's. */
import * as z from 'zod';
import type { PredictPart, PredictResult, ScenePair, SideBySide } from './results.ts';
import { fault, openFile, ready, stateOf } from './view.ts';

/** Of an image that is pasted or dropped: larger than any photograph, small enough to come through a message. */
export const MAX_PASTED_BYTES = 32 * 2 ** 20;
/** Files that can be pasted or dropped at once. */
export const MAX_PASTED = 64;

export interface TryState {
  readonly phase: 'untrusted' | 'ready';
  /** The run or adapter, as a person knows it; null while none is chosen. */
  readonly adapter: string | null;
  /** What is or was looked at: a folder, a file, a number of pasted images. */
  readonly source: string | null;
  readonly running: boolean;
  readonly models: Extract<PredictPart, { kind: 'models' }>['models'] | null;
  /** In the order in which they came. */
  readonly images: readonly SideBySide[];
  /** The same of a detector. */
  readonly scenes: readonly ScenePair[];
  readonly result: PredictResult | null;
  readonly problem: string | null;
}

/** A state with one part more: host and view grow it alike. */
export function grown(state: TryState, part: PredictPart): TryState {
  switch (part.kind) {
    case 'models':
      return { ...state, models: part.models };
    case 'image':
      return { ...state, images: [...state.images, part.image] };
    case 'scene':
      return { ...state, scenes: [...state.scenes, part.image] };
    default:
      return part satisfies never;
  }
}

const pasted = z.object({
  name: z.string().max(255),
  /** Base64. */
  data: z.string().max(Math.ceil(MAX_PASTED_BYTES / 3) * 4),
});
export type PastedImage = z.infer<typeof pasted>;

export const toHostTry = z.discriminatedUnion('type', [
  ready,
  openFile,
  z.object({ type: z.literal('choose-images') }),
  z.object({ type: z.literal('choose-folder') }),
  z.object({ type: z.literal('choose-adapter') }),
  z.object({ type: z.literal('locate-base') }),
  z.object({ type: z.literal('paste'), images: z.array(pasted).min(1).max(MAX_PASTED) }),
  /** Dropped from the Explorer: URIs. */
  z.object({ type: z.literal('drop'), uris: z.array(z.string()).min(1).max(1000) }),
  z.object({ type: z.literal('cancel') }),
]);
export type ToHostTry = z.infer<typeof toHostTry>;

export const toViewTry = z.discriminatedUnion('type', [
  stateOf<TryState>(),
  fault,
  z.object({
    type: z.literal('part'),
    part: z.custom<PredictPart>((value) => typeof value === 'object' && value !== null && 'kind' in value),
  }),
]);
export type ToViewTry = z.infer<typeof toViewTry>;
