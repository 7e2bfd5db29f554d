/** How an adapter starts, in the numbers PEFT draws from; and PiSSA's way back to the base as published. */
import { type Tensor, zeros } from '../graph/tensor.ts';
import { adapterShapesOf, columnsOf } from '../shared/adaptable-module.ts';
import type { LoraOptions } from '../shared/job.ts';
import type { Random } from '../shared/random.ts';
import type { AdapterLayer } from './adapter.ts';
import { factorsOf, withFactors } from './factors.ts';
import { mergedWeight, rowNorms } from './merge.ts';
import type { Target } from './targets.ts';
import { truncatedSvd } from './truncated-svd.ts';

/** Enough for PiSSA: the residual makes up exactly for what the triplets miss, as PEFT's `pissa_niter_16` relies on. */
const PISSA_SVD = { tolerance: 1e-4, maxIterations: 8 };

export interface InitialLayer {
  readonly layer: AdapterLayer;
  /** PiSSA: the weight to train beside the adapter in place of W, W − s·B·A; else W itself is right. */
  readonly residual?: Tensor<'float32'>;
}

/**
 * A and B of a target before the first step. B·A is zero but for PiSSA. The numbers depend on the seed and the module's path
 * alone, so that adding a target changes no other. `weight` gives W, which only PiSSA and DoRA need.
 *
 * - kaiming: A uniform in ±1/√fan-in, which is Kaiming's bound for a = √5; B zero. Of an embedding A is zero and B normal.
 * - gaussian: A normal with deviation 1/r; else the same.
 * - pissa (Meng et al. 2024): the r largest singular triplets of W, B = U·√(Σ/s), A = √(Σ/s)·Vᵀ.
 * - DoRA's magnitude: the norms of W's rows.
 */
export function initialLayer(
  { module, rank, alpha, scale }: Target,
  options: Pick<LoraOptions, 'init' | 'useDora'>,
  random: Random,
  weight: () => Tensor<'float32'>,
): InitialLayer {
  const shapes = adapterShapesOf(module, rank);
  const drawn = random.fork(module.path);
  const empty = { kind: module.kind, A: zeros('float32', shapes.A), B: zeros('float32', shapes.B), rank, alpha, scale };
  const magnitude = options.useDora ? { magnitude: rowNorms(weight(), module.kind) } : {};
  if (options.init === 'pissa') {
    const layer = principalLayer(empty, weight(), drawn);
    const residual = mergedWeight(weight(), { ...layer, scale: -scale }, module.path);
    return { layer: { ...layer, ...magnitude }, residual };
  }
  if (module.kind === 'embedding') fill(empty.B, () => drawn.normal());
  else if (options.init === 'gaussian') fill(empty.A, () => drawn.normal() / rank);
  else {
    const bound = 1 / Math.sqrt(columnsOf(module));
    fill(empty.A, () => drawn.uniform(-bound, bound));
  }
  return { layer: { ...empty, ...magnitude } };
}

/**
 * A trained PiSSA layer relative to the base as published: s·(B·A − B₀·A₀) = s·[B −B₀]·[A; A₀], of twice the rank. Twice the
 * alpha keeps the scale, with rsLoRA √2 times. DoRA's magnitude is of the same sum W + ΔW and stays.
 */
export function fromPissa(trained: AdapterLayer, initial: AdapterLayer, useRslora: boolean): AdapterLayer {
  const now = factorsOf(trained);
  const start = factorsOf(initial);
  const layer = withFactors(trained, {
    bColumns: [...now.bColumns, ...start.bColumns.map((column) => column.map((value) => -value))],
    aRows: [...now.aRows, ...start.aRows],
  });
  return { ...layer, alpha: trained.alpha * (useRslora ? Math.SQRT2 : 2) };
}

function principalLayer(empty: AdapterLayer, weight: Tensor<'float32'>, random: Random): AdapterLayer {
  const [rows, columns] = [weight.shape[0]!, weight.shape[1]!];
  const { singularValues, u, v } = truncatedSvd({ rows, columns, data: weight.data }, empty.rank, random, PISSA_SVD);
  const roots = Array.from(singularValues, (sigma) => Math.sqrt(sigma / empty.scale));
  return withFactors(empty, {
    bColumns: roots.map((root, k) => u[k]!.map((value) => value * root)),
    aRows: roots.map((root, k) => v[k]!.map((value) => value * root)),
  });
}

function fill(tensor: Tensor<'float32'>, draw: () => number): void {
  for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = draw();
}
