/**
 * An adapter put into its weight: W' = W + s·B·A, and with DoRA W' = m ∘ (W + s·B·A) / ‖W + s·B·A‖ by output row
 * (Liu et al. 2024). Sums are in double precision, the result is rounded once.
 */
import { float32, type Tensor } from '../graph/tensor.ts';
import { InputError } from '../shared/errors.ts';
import type { AdapterLayer } from './adapter.ts';

export interface MergeOptions {
  /** The weight lies as (in, out), as in GPT-2's linear layers. */
  readonly fanInFanOut?: boolean;
}

/** s·B·A in the shape of the layer's weight. Throws an `InputError` for a grouped convolution, whose adapter has no such form. */
export function deltaWeight(layer: AdapterLayer, module: string, options: MergeOptions = {}): Tensor<'float32'> {
  const { rows, columns, data } = product(layer, module);
  return shaped(layer, rows, columns, data, isTransposed(layer, options));
}

/** W' in the shape of W. Throws an `InputError` naming `module` if the adapter does not fit the weight. */
export function mergedWeight(
  weight: Tensor<'float32'>,
  layer: AdapterLayer,
  module: string,
  options: MergeOptions = {},
): Tensor<'float32'> {
  const { rows, columns, data } = product(layer, module);
  const transposed = isTransposed(layer, options);
  checkFit(weight, layer, module, options);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++)
      data[i * columns + j]! += weight.data[transposed ? j * rows + i : i * columns + j]!;
  }
  if (layer.magnitude !== undefined) rescaleRows(data, columns, layer.magnitude.data);
  return { ...shaped(layer, rows, columns, data, transposed), shape: weight.shape };
}

/** Throws an `InputError` naming `module` unless the weight has the shape the adapter is for. */
export function checkFit(weight: Tensor, layer: AdapterLayer, module: string, options: MergeOptions = {}): void {
  const [out, inputs] = [layer.B.shape[0]!, layer.A.shape.slice(1)];
  const groups = layer.rank / layer.B.shape[1]!;
  if (layer.kind === 'conv2d') inputs[0]! /= groups;
  const expected = isTransposed(layer, options) ? [...inputs, out] : [out, ...inputs];
  if (expected.join() === weight.shape.join()) return;
  throw new InputError(
    `the adapter of ${module} fits a weight of [${expected.join(', ')}], the base has [${weight.shape.join(', ')}]; is it another base?`,
  );
}

/** The norm of each output row of W: DoRA's magnitude when B·A is zero, in PEFT's shape. */
export function rowNorms(
  weight: Tensor<'float32'>,
  kind: AdapterLayer['kind'],
  options: MergeOptions = {},
): Tensor<'float32'> {
  const transposed = isTransposed({ kind }, options);
  const rows = weight.shape[transposed ? 1 : 0]!;
  const columns = weight.data.length / rows;
  const norms = Float32Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += weight.data[transposed ? j * rows + i : i * columns + j]! ** 2;
    return Math.sqrt(sum);
  });
  return float32(kind === 'conv2d' ? [1, rows, 1, 1] : [rows], norms);
}

/** s·B·A as rows × columns, in double precision. */
function product(layer: AdapterLayer, module: string): { rows: number; columns: number; data: Float64Array } {
  const { A, B, rank, scale } = layer;
  if (B.shape[1] !== rank) {
    throw new InputError(`${module} is a grouped convolution: its adapter cannot be merged into the weight`);
  }
  const rows = B.shape[0]!;
  const columns = A.data.length / rank;
  const data = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const row = data.subarray(i * columns, (i + 1) * columns);
    for (let k = 0; k < rank; k++) {
      const factor = scale * B.data[i * rank + k]!;
      const from = A.data.subarray(k * columns, (k + 1) * columns);
      for (let j = 0; j < columns; j++) row[j]! += factor * from[j]!;
    }
  }
  return { rows, columns, data };
}

function isTransposed({ kind }: Pick<AdapterLayer, 'kind'>, { fanInFanOut = false }: MergeOptions): boolean {
  return kind === 'embedding' || (kind === 'linear' && fanInFanOut);
}

function shaped(
  { A, kind }: AdapterLayer,
  rows: number,
  columns: number,
  data: Float64Array,
  transposed: boolean,
): Tensor<'float32'> {
  if (!transposed)
    return float32(kind === 'conv2d' ? [rows, ...A.shape.slice(1)] : [rows, columns], Float32Array.from(data));
  const turned = Float32Array.from(data, (_, at) => data[(at % rows) * columns + Math.floor(at / rows)]!);
  return float32([columns, rows], turned);
}

function rescaleRows(data: Float64Array, columns: number, magnitude: Float32Array): void {
  for (let i = 0; i < magnitude.length; i++) {
    const row = data.subarray(i * columns, (i + 1) * columns);
    let sum = 0;
    for (const value of row) sum += value * value;
    // A row of zeros has no direction; it stays zero (in PEFT it becomes NaN).
    const factor = sum > 0 ? magnitude[i]! / Math.sqrt(sum) : 0;
    for (let j = 0; j < columns; j++) row[j]! *= factor;
  }
}
