/** A layer with an adapter, whether it is planned or lies in a file. */
import type { AdaptableModule } from './adaptable-module.ts';

export interface AdaptedLayer {
  readonly module: string;
  readonly kind: AdaptableModule['kind'];
  readonly rank: number;
  readonly alpha: number;
  readonly scale: number;
  /** A, B and magnitude. */
  readonly parameters: number;
  /** In the adapter's file. */
  readonly bytes: number;
  /** `parameters` over those of the weight; above 1 the adapter is larger than what it adapts. */
  readonly share: number;
}
