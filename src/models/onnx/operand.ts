/** What a name in an ONNX graph stands for while the graph is translated. */
import { floatsOfHalves } from '../../formats/half.ts';
import type { Value } from '../../graph/ir.ts';
import { ShapeError } from '../../graph/shape.ts';
import type { Dim, Shape } from '../../graph/shape.ts';
import { zeros } from '../../graph/tensor.ts';
import type { DType, Tensor } from '../../graph/tensor.ts';

/** A tensor of the network, a tensor known already, or the indices of `as_strided`. */
export type Operand = Value | Known | ImageIndices;

/** A weight, or what shape arithmetic gave: its elements are numbers, or sizes that hold the batch. Half precision was widened. */
export interface Known {
  readonly kind: 'known';
  readonly dtype: DType;
  /** May hold the batch along axes where `stored` is 1: the same elements for each image. */
  readonly shape: Shape;
  /** The axes of `elements`. */
  readonly stored: readonly number[];
  readonly elements: ArrayLike<Dim>;
  /** Its name in the file, where this is a tensor of the file as it stands there. */
  readonly name: string | undefined;
  /** The name of the tensor of the file that this was made of by moving elements. */
  readonly origin: string | undefined;
  /** The same elements in the same order as they stand in the file, where only their shape was changed. */
  readonly unshaped?: Known;
}

/** Whole numbers that grow by `step` from image to image along the first axis: Range(0, B) · step + `first`. */
export interface ImageIndices {
  readonly kind: 'image indices';
  readonly step: number;
  /** Of the first image; its first axis, if it has them all, has length 1. */
  readonly first: Known;
}

export function isKnown(operand: Operand | undefined): operand is Known {
  return operand !== undefined && 'kind' in operand && operand.kind === 'known';
}

export function isImageIndices(operand: Operand | undefined): operand is ImageIndices {
  return operand !== undefined && 'kind' in operand && operand.kind === 'image indices';
}

export function knownTensor(tensor: Tensor, name?: string): Known {
  const { dtype, shape } = tensor;
  const common = { kind: 'known', shape, stored: shape, name, origin: name } as const;
  if (dtype === 'float16') return { ...common, dtype: 'float32', elements: floatsOfHalves(tensor.data as Uint16Array) };
  const { data } = tensor;
  return { ...common, dtype, elements: data instanceof BigInt64Array ? Float64Array.from(data, Number) : data };
}

/** Elements in a new order or count. */
export function madeOf(dtype: DType, stored: readonly number[], elements: ArrayLike<Dim>, from?: Known): Known {
  return { kind: 'known', dtype, shape: stored, stored, elements, name: undefined, origin: from?.origin };
}

/** The same elements under another shape. */
export function shapedAs(known: Known, shape: Shape, stored: readonly number[]): Known {
  return { ...known, shape, stored, name: undefined, unshaped: known.unshaped ?? known };
}

/** An integer vector, as Shape gives it. */
export function knownDims(dims: readonly Dim[]): Known {
  return madeOf('int64', [dims.length], dims);
}

/** Whether the same elements stand for each image. */
export function isRepeated({ shape, stored }: Known): boolean {
  return shape.some((dim, axis) => dim !== stored[axis]);
}

export function hasSymbols({ elements }: Known): boolean {
  return Array.isArray(elements) && elements.some((element) => typeof element !== 'number');
}

/** The elements as numbers; a ShapeError where the batch is among them. */
export function numbersOf({ elements }: Known): number[] {
  return Array.from(elements, (element) => {
    if (typeof element !== 'number') throw new ShapeError('a number here depends on the batch');
    return element;
  });
}

/** The one number that all elements are. */
export function uniform({ elements }: Known): number | undefined {
  const first = elements[0];
  if (typeof first !== 'number') return undefined;
  for (let i = 1; i < elements.length; i++) if (elements[i] !== first) return undefined;
  return first;
}

/** As a tensor of `stored`, which shares memory where it can. */
export function tensorOf(known: Known): Tensor {
  const { dtype, stored, elements } = known;
  if (dtype === 'float32' && elements instanceof Float32Array) return { dtype, shape: stored, data: elements };
  const tensor = zeros(dtype, stored);
  const { data } = tensor;
  const numbers = numbersOf(known);
  if (!(data instanceof BigInt64Array)) data.set(numbers);
  else {
    for (const [i, number] of numbers.entries()) {
      if (!Number.isFinite(number)) throw new ShapeError('a whole number here is infinite');
      data[i] = BigInt(Math.trunc(number));
    }
  }
  return tensor;
}
