/** What the inspector tells of an adapter. */
import type { Tensor } from '../graph/tensor.ts';
import type { AdapterDType, AdapterLayer } from './adapter.ts';

/** The base an adapter is held against. */
export interface InspectBase {
  /** The frozen weight of a module, undefined if there is no such module. */
  readonly weight: (module: string) => Tensor<'float32'> | undefined;
  /** Parameters of a whole copy of the fine-tuned model: the base with the adapter's head. */
  readonly parameters: number;
}

export interface LayerReport {
  readonly module: string;
  readonly kind: AdapterLayer['kind'];
  readonly rank: number;
  readonly alpha: number;
  readonly scale: number;
  /** A, B and magnitude. */
  readonly parameters: number;
  readonly bytes: number;
  /** `parameters` over those of the weight it adapts. */
  readonly share: number;
  /** exp(H(σ / Σσ)) of the singular values of B·A, H the entropy (Roy and Vetterli 2007): 0 … rank, 0 if B·A is zero. */
  readonly effectiveRank: number;
  /** Singular values above rounding: σ > σ₁ · max(rows, columns) · 2⁻²³. */
  readonly numericRank: number;
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
