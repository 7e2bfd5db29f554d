/** What this machine can train on, between task, host and views: engines, cards, and the packs that bring engines. */
import * as z from 'zod';

export interface EngineOption {
  readonly name: string;
  readonly device: string;
  readonly threads: number;
  /** Of its device, in bytes, and its driver's version; null where it is not told. */
  readonly memory: number | null;
  readonly driver: string | null;
  readonly state: 'usable' | 'unusable' | 'not installed';
  /** Why it cannot be used, and what would mend it; null where it can. */
  readonly reason: string | null;
  /** What a job with `engine: auto` would run on. */
  readonly automatic: boolean;
}

/** A card that CUDA engines may compute on. */
export interface CardOption {
  /** As `nvidia-smi` counts. */
  readonly index: number;
  readonly uuid: string;
  readonly name: string;
  /** Bytes. */
  readonly memory: number;
  readonly memoryUsed: number;
  /** The run that has it now; null where none has. */
  readonly usedBy: string | null;
}

/** An engine pack that is here, or could be. */
export interface PackOption {
  readonly name: string;
  /** Null where none is here that works. */
  readonly version: string | null;
  /** On the disk; null where none is here that works. */
  readonly bytes: number | null;
  /** Why the one that is here does not work; null where it does, or there is none. */
  readonly fault: string | null;
  /** What an index has for this machine; null where there is no index, or nothing that fits. `newer` than what is here. */
  readonly listed: {
    readonly version: string;
    /** To fetch, and on the disk. */
    readonly bytes: number;
    readonly unpackedBytes: number;
    readonly newer: boolean;
  } | null;
}

export interface EnginesResult {
  readonly engines: readonly EngineOption[];
  readonly cards: readonly CardOption[];
  readonly packs: readonly PackOption[];
  /** The pack that would give this machine a faster engine; null where there is none, or one is here. */
  readonly offer: string | null;
}

export interface PackResult {
  readonly pack: string;
  /** Null where it was removed. */
  readonly version: string | null;
}

/** What is being done with a pack, or was done last. */
export type PackWork = { readonly pack: string } &
  /** Bytes; `total` is null where it is not known. */
  (
    | { readonly status: 'installing'; readonly done: number; readonly total: number | null }
    | { readonly status: 'removing' }
    | { readonly status: 'failed'; readonly message: string }
    | { readonly status: 'installed' | 'removed' }
  );

/** Engines as the panels show them. */
export interface EnginesState {
  /** Null until they are known; then it stays in sight while they are looked for again. */
  readonly found: EnginesResult | null;
  readonly looking: boolean;
  /** Why they could not be found out, for the user. */
  readonly message: string | null;
  readonly work: PackWork | null;
}

/** What a panel asks about packs; `file` lets a person choose an archive. */
export const engineMessage = z.object({
  type: z.literal('pack'),
  action: z.enum(['install', 'install-file', 'remove', 'cancel']),
  /** Its name; of no meaning to `install-file` and `cancel`. */
  pack: z.string(),
});
export type EngineMessage = z.infer<typeof engineMessage>;

export const NO_ENGINES: EnginesState = { found: null, looking: false, message: null, work: null };
