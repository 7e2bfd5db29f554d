/**
 * How tensors cross into TensorFlow and out of it. Its binding takes few element types, and what is not int32 it copies to the GPU, back and
 * there again. So every input is fed as the 32-bit words that it consists of, and the graph reads them as what they are.
 */
import type { ValueType } from '../graph/ir.ts';
import { formatShape, symbol } from '../graph/shape.ts';
import type { Dim, Shape } from '../graph/shape.ts';
import { bytesOf, bytesUnder, sizeOf, zeros } from '../graph/tensor.ts';
import type { DType, Tensor, TensorData } from '../graph/tensor.ts';

const WORD = 4;

/** How the words of an input lie. */
interface WordPort {
  /** The shape of the words. */
  readonly words: Shape;
  /** How many axes of it are those of the tensor; the words of all other axes make one more. */
  readonly leading: number;
  /** No word holds more than the tensor's elements. */
  readonly isWhole: boolean;
  /** The words alone do not tell the tensor's shape. */
  readonly needsShape: boolean;
}

/** An input as it is fed. */
export interface InPort extends Pick<WordPort, 'leading'> {
  /** The input's name in the graph. */
  readonly name: string;
  readonly type: ValueType;
  /** The placeholder of its words. */
  readonly node: string;
  /** The placeholder of its shape, where the words do not tell it. */
  readonly shapeNode: string | undefined;
}

export interface OutPort {
  readonly name: string;
  readonly node: string;
  readonly dtype: DType;
}

/** What TensorFlow hands out as it is. Other types are widened to int32 by the graph and narrowed here. */
const DIRECT: readonly DType[] = ['float32', 'int32', 'int64', 'bool'];

export const isDirect = (dtype: DType): boolean => DIRECT.includes(dtype);

export function wordPort(shape: Shape, dtype: DType): WordPort {
  const width = bytesOf(dtype);
  const common = { isWhole: true, needsShape: false };
  if (width === WORD) return { words: shape, leading: shape.length, ...common };
  if (width > WORD) return { words: [...shape, width / WORD], leading: shape.length, ...common };
  const leading = shape.findLastIndex((dim) => typeof dim !== 'number') + 1;
  const rest = sizeOf(shape.slice(leading) as number[]) * width;
  if (rest % WORD === 0) return { words: [...shape.slice(0, leading), rest / WORD], leading, ...common };
  if (leading === 0) return { words: [Math.ceil(rest / WORD)], leading, isWhole: false, needsShape: false };
  return { words: [symbol('words')], leading: 0, isWhole: false, needsShape: true };
}

export interface Fed {
  readonly node: string;
  readonly shape: readonly number[];
  readonly words: Int32Array;
}

/** A tensor as its port feeds it; its memory is shared where it consists of whole words. Throws for one of another shape or type. */
export function fed({ name, type, node, leading, shapeNode }: InPort, tensor: Tensor): Fed[] {
  if (!isOf(type, tensor)) {
    const told = ({ dtype, shape }: ValueType): string => `${dtype} ${formatShape(shape)}`;
    // TensorFlow would take any words, and run.
    throw new Error(`${name} is fed ${told(tensor)}, not ${told(type)}`);
  }
  const words = wordsOf(tensor);
  const first = tensor.shape.slice(0, leading);
  const isOneEach = leading === tensor.shape.length && bytesOf(tensor.dtype) === WORD;
  const shape = isOneEach ? first : [...first, words.length / Math.max(1, sizeOf(first))];
  const lengths = shapeNode && { node: shapeNode, shape: [tensor.shape.length], words: Int32Array.from(tensor.shape) };
  return [{ node, shape, words }, ...(lengths ? [lengths] : [])];
}

function isOf({ dtype, shape }: ValueType, tensor: Tensor): boolean {
  const fits = (dim: Dim, axis: number): boolean => typeof dim !== 'number' || dim === tensor.shape[axis];
  return dtype === tensor.dtype && shape.length === tensor.shape.length && shape.every(fits);
}

function wordsOf(tensor: Tensor): Int32Array {
  const bytes = bytesUnder(tensor);
  if (bytes.byteLength % WORD === 0 && bytes.byteOffset % WORD === 0) {
    return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / WORD);
  }
  const words = new Int32Array(Math.ceil(bytes.byteLength / WORD));
  new Uint8Array(words.buffer).set(bytes);
  return words;
}

/** What came out of a port as the tensor it is; written into `into` where that is given. */
export function taken(
  { dtype }: OutPort,
  shape: readonly number[],
  data: TensorData,
  into: Tensor | undefined,
): Tensor {
  const tensor = into ?? (isDirect(dtype) ? { dtype, shape, data } : zeros(dtype, shape));
  // Halves come as their bits, and what is narrower than int32 as numbers: assigning narrows.
  if (tensor.data !== data) (tensor.data as Int32Array).set(data as Int32Array);
  return tensor;
}
