/**
 * The vocabulary that gradients, expansions and models are written in: one function an op, shapes and attributes typed.
 * Numbers may stand where a value is expected; they become frozen scalars of the other operand's type.
 */
import type { Interpolation } from './interpolation.ts';
import type { Value } from './ir.ts';
import { sameDim, sameShape } from './shape.ts';
import type { Dim, Shape } from './shape.ts';
import { isHalfType } from './tensor.ts';
import type { DType } from './tensor.ts';

type Operand = Value | number;

function lift(operand: Operand, other: Value): Value {
  if (typeof operand !== 'number') return operand;
  const scalar = other.graph.scalar(
    operand,
    other.dtype === 'int64' || other.dtype === 'int32' ? other.dtype : 'float32',
  );
  // Of a constant: an engine casts it once, when it compiles.
  return isHalfType(other.dtype) ? scalar.graph.apply('Cast', [scalar], { to: other.dtype })[0]! : scalar;
}

function binary(op: string) {
  return (a: Operand, b: Operand): Value => {
    const anchor = typeof a === 'number' ? b : a;
    if (typeof anchor === 'number') throw new Error(`${op} of two numbers`);
    return anchor.graph.apply(op, [lift(a, anchor), lift(b, anchor)])[0]!;
  };
}

const unary =
  (op: string) =>
  (x: Value): Value =>
    x.graph.apply(op, [x])[0]!;

export const add = binary('Add');
export const sub = binary('Sub');
export const mul = binary('Mul');
export const div = binary('Div');
export const pow = binary('Pow');
export const minimum = binary('Min');
export const maximum = binary('Max');
export const equal = binary('Equal');
export const greater = binary('Greater');
export const less = binary('Less');
export const greaterOrEqual = binary('GreaterOrEqual');
export const lessOrEqual = binary('LessOrEqual');

export const neg = unary('Neg');
export const exp = unary('Exp');
export const log = unary('Log');
export const sqrt = unary('Sqrt');
export const abs = unary('Abs');
export const sign = unary('Sign');
export const erf = unary('Erf');
export const atan = unary('Atan');
export const tanh = unary('Tanh');
export const sigmoid = unary('Sigmoid');
export const relu = unary('Relu');
export const gelu = unary('Gelu');
export const silu = unary('Silu');
export const geluTanh = unary('GeluTanh');
export const quickGelu = unary('QuickGelu');
export const hardSwish = unary('HardSwish');
export const not = unary('Not');
export const stopGradient = unary('StopGradient');

/** x, but not before the token is computed. */
export function after(x: Value, token: Value): Value {
  return x.graph.apply('After', [x, token])[0]!;
}

/** 1 where x is above or below a number, else 0. */
export function step(x: Value, threshold: { readonly above: number } | { readonly below: number }): Value {
  const falling = 'below' in threshold;
  return x.graph.apply('Step', [x], { threshold: falling ? threshold.below : threshold.above, falling })[0]!;
}

export interface ClipOptions {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

/** x held between min and max. */
export function clip(x: Value, { min, max }: ClipOptions): Value {
  return x.graph.apply('Clip', [x], { min, max })[0]!;
}

export function leakyRelu(x: Value, alpha: number): Value {
  return x.graph.apply('LeakyRelu', [x], { alpha })[0]!;
}

export interface HardSigmoidOptions {
  readonly alpha: number;
  readonly beta: number;
}

/** min(1, max(0, alpha·x + beta)). */
export function hardSigmoid(x: Value, { alpha, beta }: HardSigmoidOptions): Value {
  return x.graph.apply('HardSigmoid', [x], { alpha, beta })[0]!;
}

export function where(condition: Value, a: Operand, b: Operand): Value {
  const anchor = typeof a === 'number' ? b : a;
  if (typeof anchor === 'number') throw new Error('Where of two numbers');
  return condition.graph.apply('Where', [condition, lift(a, anchor), lift(b, anchor)])[0]!;
}

export function cast(x: Value, to: DType): Value {
  return x.dtype === to ? x : x.graph.apply('Cast', [x], { to })[0]!;
}

export function reshape(x: Value, shape: Shape): Value {
  return sameShape(x.shape, shape) ? x : x.graph.apply('Reshape', [x], { shape })[0]!;
}

export function expand(x: Value, shape: Shape): Value {
  return sameShape(x.shape, shape) ? x : x.graph.apply('Expand', [x], { shape })[0]!;
}

export function transpose(x: Value, permutation: readonly number[]): Value {
  if (permutation.every((axis, index) => axis === index)) return x;
  return x.graph.apply('Transpose', [x], { permutation })[0]!;
}

export interface Reduction {
  readonly axes: readonly number[];
  readonly keepDims?: boolean;
}

const reduction =
  (op: string) =>
  (x: Value, { axes, keepDims = false }: Reduction): Value =>
    axes.length === 0 ? x : x.graph.apply(op, [x], { axes, keepDims })[0]!;

export const reduceSum = reduction('ReduceSum');
export const reduceMean = reduction('ReduceMean');
export const reduceMax = reduction('ReduceMax');

/** The `count` largest along the last axis, the largest first. */
export function topValues(x: Value, count: number): Value {
  return x.graph.apply('TopValues', [x], { count })[0]!;
}

/** x[start:end] along one axis. */
export function slice(x: Value, axis: number, start: number, end: number, step = 1): Value {
  if (start === 0 && end === x.shape.at(axis) && step === 1) return x;
  return x.graph.apply('Slice', [x], { axis, start, end, step })[0]!;
}

/** Constant padding: `before` and `after` elements on every axis. */
export function pad(x: Value, before: readonly number[], after: readonly number[], value = 0): Value {
  if ([...before, ...after].every((amount) => amount === 0)) return x;
  return x.graph.apply('Pad', [x], { before, after, value })[0]!;
}

export function concat(values: readonly Value[], axis: number): Value {
  return values.length === 1 ? values[0]! : values[0]!.graph.apply('Concat', values, { axis })[0]!;
}

export function gather(x: Value, indices: Value, axis: number, module?: string): Value {
  return x.graph.apply('Gather', [x, indices], { axis }, module)[0]!;
}

export function gatherElements(x: Value, indices: Value, axis: number): Value {
  return x.graph.apply('GatherElements', [x, indices], { axis })[0]!;
}

/** data with updates added at indices of the same shape, along one axis. */
export function scatterElements(data: Value, indices: Value, updates: Value, axis: number): Value {
  return data.graph.apply('ScatterElements', [data, indices, updates], { axis })[0]!;
}

/** Zeros of a shape with slices added at indices along one axis: what gather takes apart. */
export function scatterAdd(slices: Value, indices: Value, axis: number, shape: Shape): Value {
  return slices.graph.apply('ScatterAdd', [slices, indices], { axis, shape })[0]!;
}

export function tile(x: Value, repeats: readonly number[]): Value {
  return x.graph.apply('Tile', [x], { repeats })[0]!;
}

export interface ResizeOptions extends Interpolation {
  readonly axes: readonly number[];
  /** New lengths of these axes. */
  readonly sizes: readonly number[];
  /** Given where they are not exactly the new length over the old one. */
  readonly scales?: readonly number[];
}

export function resize(x: Value, options: ResizeOptions): Value {
  return x.graph.apply('Resize', [x], { ...options })[0]!;
}

export interface MatMulFlags {
  readonly transA?: boolean;
  readonly transB?: boolean;
  /** The first axis is the matrix row and the second the batch: [rows, batch, columns]. */
  readonly transBatchA?: boolean;
  readonly transBatchB?: boolean;
  readonly alpha?: number;
}

/** alpha · A·B over the last two axes, broadcasting the others. */
export function matmul(a: Value, b: Value, flags: MatMulFlags = {}): Value {
  return a.graph.apply('MatMul', [a, b], { ...flags })[0]!;
}

export interface GemmFlags {
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
}

/** alpha · A·B + C of matrices; C broadcasts. */
export function gemm(a: Value, b: Value, c?: Value, flags: GemmFlags = {}): Value {
  return a.graph.apply('Gemm', [a, b, c], { ...flags })[0]!;
}

/** x·Wᵀ + b with W (out, in) as PyTorch keeps it; x [..., in]. */
export function linear(x: Value, weight: Value, bias: Value | undefined, module?: string): Value {
  return x.graph.apply('Linear', [x, weight, bias], {}, module)[0]!;
}

export interface ConvOptions {
  readonly strides: readonly number[];
  /** Top, left, bottom, right. */
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
  readonly groups: number;
}

/** Two-dimensional convolution: x [N, C, H, W], weight (out, in / groups, kh, kw). */
export function conv(x: Value, weight: Value, bias: Value | undefined, options: ConvOptions, module?: string): Value {
  return x.graph.apply('Conv', [x, weight, bias], { ...options }, module)[0]!;
}

export interface ConvTransposeOptions extends ConvOptions {
  /** Rows and columns at the bottom and the right that no window reaches. */
  readonly outputPadding: readonly number[];
}

/** The transpose of `conv` with the same weight and options: from what it writes to what it reads. */
export function convTranspose(x: Value, weight: Value, options: ConvTransposeOptions): Value {
  return x.graph.apply('ConvTranspose', [x, weight], { ...options })[0]!;
}

export function softmax(x: Value, axis = -1): Value {
  return x.graph.apply('Softmax', [x], { axis })[0]!;
}

export function logSoftmax(x: Value): Value {
  return x.graph.apply('LogSoftmax', [x])[0]!;
}

/** Over the last axis. Without scale and bias the result is the normalised x itself. */
export function layerNormalization(
  x: Value,
  scale: Value | undefined,
  bias: Value | undefined,
  epsilon: number,
): Value {
  return x.graph.apply('LayerNormalization', [x, scale, bias], { epsilon })[0]!;
}

/** x [N, C, ...] over each group of channels and all positions; instance normalisation with as many groups as channels. */
export function groupNormalization(x: Value, scale: Value, bias: Value, groups: number, epsilon: number): Value {
  return x.graph.apply('GroupNormalization', [x, scale, bias], { groups, epsilon })[0]!;
}

/** Over the last axis. */
export function rmsNormalization(x: Value, scale: Value, epsilon: number): Value {
  return x.graph.apply('RMSNormalization', [x, scale], { epsilon })[0]!;
}

export interface AttentionOptions {
  readonly heads: number;
  readonly scale: number;
  /** Both lengths are filled up to a multiple of it inside (passes/align-attention.ts). */
  readonly multiple?: number;
}

/** Multi-head attention over sequence-first tokens: q [Tq, B, D], k and v [Tk, B, D] → [Tq, B, D]. */
export function attention(q: Value, k: Value, v: Value, options: AttentionOptions): Value {
  return q.graph.apply('Attention', [q, k, v], { ...options })[0]!;
}

/** Σ weightᵢ · crossEntropy(logitsᵢ, labelᵢ): logits [B, K], labels int32 [B], weights [B]. */
export function crossEntropy(logits: Value, labels: Value, weights: Value, labelSmoothing = 0): Value {
  return logits.graph.apply('CrossEntropy', [logits, labels, weights], { labelSmoothing })[0]!;
}

/** Sums a gradient over the axes along which `shape` was stretched by broadcasting. */
export function unbroadcast(gradient: Value, shape: Shape): Value {
  const extra = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((dim: Dim, axis) =>
    axis < extra || (shape[axis - extra] === 1 && !sameDim(dim, 1)) ? [axis] : [],
  );
  return reshape(reduceSum(gradient, { axes, keepDims: true }), shape);
}

export interface LoraScale {
  /** alpha / r, or alpha / √r. */
  readonly scale: number;
}

/** A Linear with its adapter: see ops/lora-linear.ts. The pass choose-lora-form.ts decides whether it is merged. */
export function loraLinear(
  x: Value,
  weight: Value,
  bias: Value | undefined,
  a: Value,
  b: Value,
  options: LoraScale,
  module?: string,
): Value {
  return x.graph.apply('LoraLinear', [x, weight, bias, a, b, undefined], { ...options, merged: true }, module)[0]!;
}

/** A Conv with its adapter: see ops/lora-conv.ts. */
export function loraConv(
  x: Value,
  weight: Value,
  bias: Value | undefined,
  a: Value,
  b: Value,
  options: LoraScale & ConvOptions,
  module?: string,
): Value {
  return x.graph.apply('LoraConv', [x, weight, bias, a, b], { ...options, merged: false }, module)[0]!;
}

/** Rows of an embedding table with its adapter: see ops/lora-embedding.ts. */
export function loraEmbedding(
  indices: Value,
  table: Value,
  a: Value,
  b: Value,
  options: LoraScale,
  module?: string,
): Value {
  return indices.graph.apply('LoraEmbedding', [indices, table, a, b], { ...options }, module)[0]!;
}

/** Consecutive pieces of the given sizes along one axis. */
export function split(x: Value, axis: number, sizes: readonly number[]): readonly Value[] {
  return x.graph.apply('Split', [x], { axis, sizes });
}

/** Frozen batch normalisation over axis 1 with running statistics; all but x are [channels]. */
export function batchNormalization(
  x: Value,
  parameters: { readonly scale: Value; readonly bias: Value; readonly mean: Value; readonly variance: Value },
  epsilon: number,
): Value {
  const { scale, bias, mean, variance } = parameters;
  return x.graph.apply('BatchNormalization', [x, scale, bias, mean, variance], { epsilon })[0]!;
}

export interface PoolOptions {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  /** Top, left, bottom, right. */
  readonly pads: readonly number[];
  /** A last window that reaches beyond the padding counts if it starts inside. */
  readonly ceilMode?: boolean;
}

/** The largest value of each window: x [N, C, H, W]. */
export function maxPool(x: Value, options: PoolOptions & { readonly dilations?: readonly number[] }): Value {
  return x.graph.apply('MaxPool', [x], { dilations: [1, 1], ...options })[0]!;
}

/** The mean of each window: x [N, C, H, W]. */
export function averagePool(x: Value, options: PoolOptions & { readonly countIncludePad?: boolean }): Value {
  return x.graph.apply('AveragePool', [x], { countIncludePad: false, ...options })[0]!;
}

/** [N, C, ...] → [N, C, 1, ...], the mean over all pixels of each channel. */
export function globalAveragePool(x: Value): Value {
  return reduceMean(x, { axes: imageAxes(x), keepDims: true });
}

/** [N, C, ...] → [N, C, 1, ...], the largest of all pixels of each channel. */
export function globalMaxPool(x: Value): Value {
  return reduceMax(x, { axes: imageAxes(x), keepDims: true });
}

const imageAxes = ({ shape }: Value): number[] => shape.slice(2).map((_, index) => index + 2);

/** x as 8-bit integers of the zero point's type; scale and zeroPoint are scalars. */
export function quantizeLinear(x: Value, scale: Value, zeroPoint: Value): Value {
  return x.graph.apply('QuantizeLinear', [x, scale, zeroPoint])[0]!;
}

/** Integers as floats again; a scale that is a vector belongs to `axis`. */
export function dequantizeLinear(x: Value, scale: Value, zeroPoint: Value | undefined, axis?: number): Value {
  return x.graph.apply('DequantizeLinear', [x, scale, zeroPoint], { axis })[0]!;
}
