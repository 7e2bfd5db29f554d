/**
 * What exporters take apart is put together again, as soon as its last node is translated. The parts stay behind for other readers; if there
 * are none they are dead code.
 */
import type { Value } from '../../../graph/ir.ts';
import { wholeActivation } from './activations.ts';
import { affineLayerNormalization, wholeLayerNormalization } from './layer-normalization.ts';
import { scaledProduct, turnedMatrices, wholeProduct, wholeReshape, wholeTranspose } from './products.ts';

const FUSIONS: readonly ((value: Value) => Value | undefined)[] = [
  wholeActivation,
  wholeLayerNormalization,
  affineLayerNormalization,
  turnedMatrices,
  wholeReshape,
  wholeTranspose,
  wholeProduct,
  scaledProduct,
];

export function fused(value: Value): Value {
  for (const fusion of FUSIONS) {
    const whole = fusion(value);
    if (whole !== undefined) return whole;
  }
  return value;
}
