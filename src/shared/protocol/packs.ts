/** Engine packs between task, host and view. */

/** A pack that would give this machine a faster engine. */
export interface PackOffer {
  readonly pack: string;
  /** To fetch, and on the disk. */
  readonly bytes: number;
  readonly unpackedBytes: number;
}

export interface PackOfferResult {
  /** Null where there is nothing to offer: no card, no index, or a pack is here. */
  readonly offer: PackOffer | null;
}

export interface InstallPackResult {
  readonly pack: string;
  readonly version: string;
  readonly folder: string;
}

/** An offer as the panel shows it. */
export type OfferState = PackOffer &
  (
    | { readonly status: 'offered' }
    /** `total` is null where it is not known. */
    | { readonly status: 'installing'; readonly done: number; readonly total: number | null }
    | { readonly status: 'failed'; readonly message: string }
    | { readonly status: 'installed' }
  );
