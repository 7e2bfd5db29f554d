/**
 * A module of a base model that can carry a LoRA adapter, and the closed formulas of its sizes. Every kind is one matrix W of
 * `rows` × `columns` to which s·B·A is added, B `rows` × r and A r × `columns`.
 */

interface Common {
  /** Dotted path as `named_modules()` tells it in PyTorch, for instance `vit.layers.0.attention.q_proj`. */
  readonly path: string;
  /** Other paths the module is known by, for instance that of transformers 4; targets may use them too. */
  readonly aliases?: readonly string[];
}

/** Weight (out, in). */
export interface LinearModule extends Common {
  readonly kind: 'linear';
  readonly inFeatures: number;
  readonly outFeatures: number;
}

/** Weight (out, in / groups, height, width); features are channels. A is a convolution of the same kernel, B one of 1 × 1. */
export interface Conv2dModule extends Common {
  readonly kind: 'conv2d';
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly groups: number;
}

/** Weight (in, out): `inFeatures` rows to look up, each `outFeatures` long. The adapter is that of the transposed weight. */
export interface EmbeddingModule extends Common {
  readonly kind: 'embedding';
  readonly inFeatures: number;
  readonly outFeatures: number;
}

export type AdaptableModule = LinearModule | Conv2dModule | EmbeddingModule;

/** Rows of B. */
export function rowsOf(module: AdaptableModule): number {
  return module.outFeatures;
}

/** Columns of A: what one output value is computed from. PEFT's A of a convolution sees all channels, whatever the groups. */
export function columnsOf(module: AdaptableModule): number {
  return module.kind === 'conv2d' ? module.inFeatures * module.kernel[0] * module.kernel[1] : module.inFeatures;
}

/** Parameters of the weight that is adapted, bias apart. */
export function weightSizeOf(module: AdaptableModule): number {
  const full = rowsOf(module) * columnsOf(module);
  return module.kind === 'conv2d' ? full / module.groups : full;
}

/** The rank at which s·B·A can be any matrix of the weight's shape; beyond it further rank adds nothing but parameters. */
export function maxRankOf(module: AdaptableModule): number {
  return Math.min(rowsOf(module), columnsOf(module));
}

/** r·(rows + columns), and the magnitude of each row with DoRA. */
export function adapterSizeOf(module: AdaptableModule, rank: number, useDora: boolean): number {
  return rank * (rowsOf(module) + columnsOf(module)) + (useDora ? rowsOf(module) : 0);
}

/** The tensors of an adapter as PEFT shapes them. */
export function adapterShapesOf(
  module: AdaptableModule,
  rank: number,
): { A: readonly number[]; B: readonly number[]; magnitude: readonly number[] } {
  const { inFeatures, outFeatures } = module;
  if (module.kind !== 'conv2d') return { A: [rank, inFeatures], B: [outFeatures, rank], magnitude: [outFeatures] };
  return { A: [rank, inFeatures, ...module.kernel], B: [outFeatures, rank, 1, 1], magnitude: [1, outFeatures, 1, 1] };
}

/** What B·A is multiplied by: α / r, or α / √r with rsLoRA (Kalajdzievski 2023). */
export function scaleOf(rank: number, alpha: number, useRslora: boolean): number {
  return alpha / (useRslora ? Math.sqrt(rank) : rank);
}
