/** The base an adapter is held against. */
import type { Tensor } from '../graph/tensor.ts';

export interface InspectBase {
  /** The frozen weight of a module, undefined if there is no such module. */
  readonly weight: (module: string) => Tensor<'float32'> | undefined;
  /** Parameters of a whole copy of the fine-tuned model: the base with the adapter's head. */
  readonly parameters: number;
}
