/**
 * How the layer that writes a detector's class logits starts for other classes. A class that the base knows by the same name keeps its row;
 * a new one starts as the mean of all rows, what objects have in common, with a little noise that tells new classes apart.
 */
import type { Random } from '../shared/random.ts';
import { float32 } from '../graph/tensor.ts';
import type { Tensor } from '../graph/tensor.ts';

/** Of the noise, in deviations of the base's own rows. */
const NOISE = 0.1;

export interface ClassNames {
  /** Of the base, in the order of its rows; undefined where it does not tell. */
  readonly before: readonly string[] | undefined;
  readonly after: readonly string[];
}

/** `rows` is the weight `[classes, …]` or the bias `[classes]` of the base. */
export function classRows(rows: Tensor<'float32'>, { before, after }: ClassNames, random: Random): Tensor<'float32'> {
  const [count, ...rest] = rows.shape as readonly [number, ...number[]];
  const size = rows.data.length / count;
  const rowAt = (index: number): Float32Array => rows.data.subarray(index * size, (index + 1) * size);
  const mean = new Float32Array(size);
  for (let index = 0; index < count; index++) rowAt(index).forEach((value, i) => (mean[i]! += value / count));
  const variance = rows.data.reduce((sum, value, i) => sum + (value - mean[i % size]!) ** 2, 0) / rows.data.length;
  // One row, or equal ones, differ from nothing: then by a tenth of their size.
  const norm = Math.sqrt(mean.reduce((sum, value) => sum + value ** 2, 0) / size);
  const deviation = NOISE * (variance > 0 ? Math.sqrt(variance) : norm);
  const written = new Float32Array(after.length * size);
  for (const [index, name] of after.entries()) {
    const known = before?.indexOf(name) ?? -1;
    const row = written.subarray(index * size, (index + 1) * size);
    if (known >= 0) row.set(rowAt(known));
    else row.forEach((_, i) => (row[i] = mean[i]! + deviation * random.normal()));
  }
  return float32([after.length, ...rest], written);
}
