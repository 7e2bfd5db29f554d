/**
 * How tensors cross into TensorFlow and out of it. Its binding takes few element types, and what is not int32 it copies to the GPU, back and
 * there again. So every input is fed as the 32-bit words that it consists of, and the graph reads them as what they are. Each tensor that
 * crosses is a transfer of its own, and a model has hundreds of adapters: all float32 inputs of known shape are one vector, and so are such outputs.
 */
import type { ValueType } from '../graph/ir.ts';
import { formatShape, isStatic, symbol } from '../graph/shape.ts';
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
  /** Where its words begin in the joint vector; undefined where it has a placeholder of its own. */
  readonly offset: number | undefined;
  /** The placeholder of its shape, where the words do not tell it. */
  readonly shapeNode: string | undefined;
}

export interface OutPort {
  readonly name: string;
  readonly node: string;
  readonly dtype: DType;
  /** What of the joint vector it is; undefined where the node's result is all its own. */
  readonly part: { readonly offset: number; readonly shape: readonly number[] } | undefined;
}

/** The placeholder of the joint vector of inputs. */
export const JOINT_INPUT = 'joint_input';
export const JOINT_OUTPUT = 'joint_output';

/** Belongs to the joint vector. */
export function isJoint({ shape, dtype }: ValueType): boolean {
  return dtype === 'float32' && isStatic(shape);
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

/** What a node put out. */
export interface Output {
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export interface Fed {
  readonly node: string;
  readonly shape: readonly number[];
  readonly words: Int32Array;
}

/** Throws for a tensor that is not what the port was declared for: TensorFlow would take any words, and run. */
export function check({ name, type }: InPort, tensor: Tensor): void {
  if (isOf(type, tensor)) return;
  const told = ({ dtype, shape }: ValueType): string => `${dtype} ${formatShape(shape)}`;
  throw new Error(`${name} is fed ${told(tensor)}, not ${told(type)}`);
}

/** A tensor as a port of its own feeds it; its memory is shared where it consists of whole words. */
export function fed({ node, leading, shapeNode }: InPort, tensor: Tensor): Fed[] {
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
export function taken({ dtype, part }: OutPort, { shape, data }: Output, into: Tensor | undefined): Tensor {
  if (part !== undefined) {
    const own = (data as Float32Array).subarray(part.offset, part.offset + sizeOf(part.shape));
    return written({ dtype, shape: part.shape, data: own }, into);
  }
  // Halves come as their bits, and what is narrower than int32 as numbers: assigning narrows.
  return written({ dtype, shape, data }, into ?? (isDirect(dtype) ? undefined : zeros(dtype, shape)));
}

function written(result: Tensor, into: Tensor | undefined): Tensor {
  if (into === undefined) return result;
  (into.data as Int32Array).set(result.data as Int32Array);
  return into;
}
