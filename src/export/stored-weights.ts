/** Tensors under the names that a checkpoint has for them: of transformers 4 or 5, with the encoder's prefix or without, stacked or not. */
import { sizeOf } from '../graph/tensor.ts';
import type { Tensor } from '../graph/tensor.ts';
import { FAMILIES } from '../models/transformers/families.ts';

/**
 * The checkpoint `own` with the tensors of `changed`, which go by the names of transformers 5 (models/transformers/parameters.ts), in
 * place of its own. What the checkpoint does not have, the head of a bare encoder, is added, and then all others get the encoder's prefix.
 */
export function storedWeights(
  own: ReadonlyMap<string, Tensor>,
  changed: ReadonlyMap<string, Tensor>,
  prefix: string,
): Map<string, Tensor> {
  const olderNames = FAMILIES.find(({ modelTypes }) => modelTypes.includes(prefix))?.olderNames ?? [];
  const weights = new Map(own);
  const added = new Map<string, Tensor>();
  for (const [name, tensor] of changed) {
    let older = `.${name}`;
    let part: { readonly index: number } | undefined;
    for (const piece of olderNames) {
      const replaced = older.replace(`.${piece.name}.`, `.${piece.older}.`);
      if (replaced !== older) part = piece.part ?? part;
      older = replaced;
    }
    const plain = [name, withoutPrefix(name, prefix)].find((key) => own.has(key));
    const other = [older.slice(1), withoutPrefix(older.slice(1), prefix)].find((key) => own.has(key));
    if (plain !== undefined) weights.set(plain, tensor);
    else if (other === undefined) added.set(name, tensor);
    else weights.set(other, part === undefined ? tensor : withRows(weights.get(other)!, tensor, part.index));
  }
  if (added.size === 0) return weights;
  const prefixed = (key: string): string => (key.startsWith(`${prefix}.`) ? key : `${prefix}.${key}`);
  return new Map([...[...weights].map(([key, tensor]): [string, Tensor] => [prefixed(key), tensor]), ...added]);
}

function withoutPrefix(name: string, prefix: string): string {
  return name.startsWith(`${prefix}.`) ? name.slice(prefix.length + 1) : name;
}

/** A stacked tensor with its part `index` replaced. */
function withRows(stacked: Tensor, part: Tensor, index: number): Tensor {
  const data = (stacked.data as Float32Array).slice();
  data.set(part.data as Float32Array, index * sizeOf(part.shape));
  return { dtype: 'float32', shape: stacked.shape, data };
}
