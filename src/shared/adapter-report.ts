/** What the inspector tells of an adapter. */
import type { AdaptedLayer } from './adapted-layer.ts';

export type AdapterDType = 'float32' | 'float16' | 'bfloat16';

export interface LayerReport extends AdaptedLayer {
  /** What each rank adds: a row of A and a column of B. */
  readonly parametersPerRank: number;
  /** What no rank changes: DoRA's magnitude. */
  readonly fixedParameters: number;
  /**
   * Of s·B·A, the largest first, min(rank, rows, columns) of them, to the digits that float32 has: `whatIf` tells from them what a
   * lower rank costs. Empty where a value is not finite.
   */
  readonly singularValues: readonly number[];
  /** exp(H(σ / Σσ)) of them, H the entropy (Roy and Vetterli 2007): 0 … rank, 0 if B·A is zero; null where they are. */
  readonly effectiveRank: number | null;
  /** Singular values above rounding: σ > σ₁ · max(rows, columns) · 2⁻²³. */
  readonly numericRank: number | null;
  /** ‖ΔW‖_F; with DoRA it takes the base. */
  readonly deltaNorm?: number;
  /** ‖ΔW‖_F / ‖W‖_F, with a base. */
  readonly relativeDelta?: number;
}

export interface Size {
  readonly parameters: number;
  readonly bytes: number;
}

export interface AdapterReport {
  readonly dtype: AdapterDType;
  readonly layers: readonly LayerReport[];
  /** All A, B and magnitudes, in the dtype of the file; file headers apart. */
  readonly adapter: Size;
  /** Modules trained whole: the head. */
  readonly saved: Size;
  /** A copy of the whole fine-tuned model in the same dtype, and how often adapter and head together fit into it. */
  readonly fullCopy?: Size & { readonly factor: number };
  /** √(Σ‖ΔW‖² / Σ‖W‖²) over the adapted layers, with a base that has them all. */
  readonly relativeDelta?: number;
  /** Traps, each in a line for a person to read. */
  readonly warnings: readonly string[];
}

/** A layer cut to a lower rank by SVD. */
export interface ResizedLayer {
  readonly module: string;
  readonly rankBefore: number;
  readonly rank: number;
  /** ‖ΔW − ΔW'‖_F / ‖ΔW‖_F of s·B·A; 0 for an adapter that is zero. DoRA's magnitude is kept as it is. */
  readonly error: number;
}
