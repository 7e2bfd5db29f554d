/** What an adapter costs, what it saves, and how much it changes: computed from its tensors, and from the base where given. */
import type { Tensor } from '../graph/tensor.ts';
import type { AdapterDType, AdapterReport, LayerReport, Size } from '../shared/adapter-report.ts';
import type { Adapter, AdapterConfig, AdapterLayer } from './adapter.ts';
import { factorsOf, squaredNormOfProduct } from './factors.ts';
import { faultsOf } from './inspect-warnings.ts';
import type { InspectBase } from './inspect-base.ts';
import { checkFit, mergedWeight } from './merge.ts';
import { productSingularValues } from './svd.ts';

/** 2⁻²³: the spacing of float32 at 1, the precision of what is in the file. */
const FLOAT32_EPSILON = 2 ** -23;
/** What tells every float32 apart; all digits would double what thousands of layers take on their way to a view. */
const FLOAT32_DIGITS = 9;

export interface InspectOptions {
  readonly base?: InspectBase | undefined;
  /** Called after each layer: an adapter of thousands of them takes a while. */
  readonly onLayer?: (done: number, total: number) => void;
}

const byPath = new Intl.Collator('en', { numeric: true });

/** Throws an `InputError` if a weight of the base has another shape than the adapter's. */
export function inspectAdapter(adapter: Adapter, { base, onLayer }: InspectOptions = {}): AdapterReport {
  // As the model counts them: the file's order has block 10 before block 2.
  const inOrder = [...adapter.layers].toSorted(([a], [b]) => byPath.compare(a, b));
  const measured = inOrder.map(([module, layer], index) => {
    const report = measure(module, layer, adapter, base);
    onLayer?.(index + 1, adapter.layers.size);
    return report;
  });
  const layers = measured.map(({ report }) => report);
  const width = widthOf(adapter.dtype);
  const total = (sizes: readonly number[]): Size => {
    const parameters = sizes.reduce((sum, size) => sum + size, 0);
    return { parameters, bytes: parameters * width };
  };
  const lora = total(layers.map(({ parameters }) => parameters));
  const saved = total([...adapter.saved.values()].map(({ data }) => data.length));
  const full = base && { parameters: base.parameters, bytes: base.parameters * width };
  const relativeDelta = relativeOf(measured);
  return {
    dtype: adapter.dtype,
    layers,
    adapter: lora,
    saved,
    ...(full && { fullCopy: { ...full, factor: full.bytes / (lora.bytes + saved.bytes) } }),
    ...(relativeDelta !== undefined && { relativeDelta }),
    warnings: [...adapter.warnings, ...faultsOf(adapter, layers, base)],
  };
}

interface Measured {
  readonly report: LayerReport;
  readonly squaredDelta?: number;
  readonly squaredWeight?: number;
}

function measure(module: string, layer: AdapterLayer, { config, dtype }: Adapter, base?: InspectBase): Measured {
  const { kind, rank, alpha, scale, A, B, magnitude } = layer;
  const parameters = A.data.length + B.data.length + (magnitude?.data.length ?? 0);
  const groups = rank / B.shape[1]!;
  const weight = base?.weight(module);
  if (weight !== undefined) checkFit(weight, layer, module, config);
  const squaredDelta = squaredDeltaOf(module, layer, config, weight);
  const squaredWeight = weight && squaredNorm(weight.data);
  return {
    report: {
      module,
      kind,
      rank,
      alpha,
      scale,
      parameters,
      bytes: parameters * widthOf(dtype),
      parametersPerRank: (A.data.length + B.data.length) / rank,
      fixedParameters: magnitude?.data.length ?? 0,
      share: parameters / ((A.data.length / rank) * (B.shape[0]! / groups)),
      ...spectrumOf(layer),
      ...(squaredDelta !== undefined && { deltaNorm: Math.sqrt(squaredDelta) }),
      ...(squaredDelta !== undefined &&
        squaredWeight !== undefined && { relativeDelta: Math.sqrt(squaredDelta / squaredWeight) }),
    },
    ...(squaredDelta !== undefined && { squaredDelta }),
    ...(squaredWeight !== undefined && { squaredWeight }),
  };
}

function spectrumOf(layer: AdapterLayer): Pick<LayerReport, 'singularValues' | 'effectiveRank' | 'numericRank'> {
  const isFinite = [layer.A, layer.B].every(({ data }) => data.every(Number.isFinite));
  if (!isFinite) return { singularValues: [], effectiveRank: null, numericRank: null };
  const { bColumns, aRows } = factorsOf(layer);
  const singularValues = productSingularValues(bColumns, aRows);
  const largest = singularValues[0] ?? 0;
  const rounding = largest * Math.max(bColumns[0]!.length, aRows[0]!.length) * FLOAT32_EPSILON;
  return {
    singularValues: Array.from(singularValues, (sigma) => Number((layer.scale * sigma).toPrecision(FLOAT32_DIGITS))),
    effectiveRank: effectiveRank(singularValues),
    numericRank: singularValues.filter((sigma) => sigma > rounding).length,
  };
}

/** exp(−Σ p ln p), p = σ / Σσ; 0 where all σ are. */
export function effectiveRank(singularValues: ArrayLike<number>): number {
  const values = Array.from(singularValues).filter((sigma) => sigma > 0);
  const sum = values.reduce((total, sigma) => total + sigma, 0);
  if (values.length === 0) return 0;
  return Math.exp(-values.reduce((total, sigma) => total + (sigma / sum) * Math.log(sigma / sum), 0));
}

function squaredDeltaOf(
  module: string,
  layer: AdapterLayer,
  { fanInFanOut }: AdapterConfig,
  weight: Tensor<'float32'> | undefined,
): number | undefined {
  if (layer.magnitude === undefined) return layer.scale ** 2 * squaredNormOfProduct(factorsOf(layer));
  if (weight === undefined) return undefined;
  const merged = mergedWeight(weight, layer, module, { fanInFanOut }).data;
  return squaredNorm(merged.map((value, i) => value - weight.data[i]!));
}

function relativeOf(measured: readonly Measured[]): number | undefined {
  let [delta, weight] = [0, 0];
  for (const { squaredDelta, squaredWeight } of measured) {
    if (squaredDelta === undefined || squaredWeight === undefined) return undefined;
    delta += squaredDelta;
    weight += squaredWeight;
  }
  return weight > 0 ? Math.sqrt(delta / weight) : undefined;
}

function squaredNorm(data: Float32Array): number {
  let sum = 0;
  for (const value of data) sum += value * value;
  return sum;
}

function widthOf(dtype: AdapterDType): number {
  return dtype === 'float32' ? 4 : 2;
}
