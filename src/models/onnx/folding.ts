/**
 * Arithmetic on tensors that are known while the model is read. What it may make is limited by what the file holds: a few bytes that ask
 * for a giant tensor are refused before it exists.
 */
import { axisIndex, broadcast, ShapeError } from '../../graph/shape.ts';
import type { Dim, Shape } from '../../graph/shape.ts';
import { sizeOf } from '../../graph/tensor.ts';
import type { DType } from '../../graph/tensor.ts';
import { MAX_FOLDED, MAX_FOLDED_PER_WEIGHT } from './limits.ts';
import { hasSymbols, isRepeated, madeOf } from './operand.ts';
import type { Known } from './operand.ts';

type Elements = Float32Array | Dim[];

export class Folding {
  #left = MAX_FOLDED;

  /** Counts a tensor of the file, from which others may be made. */
  allow({ elements }: Known): void {
    this.#left += MAX_FOLDED_PER_WEIGHT * elements.length;
  }

  /** Room for a tensor; the caller fills it. */
  #allocate(dtype: DType, shape: readonly number[], symbols: boolean): Elements {
    if (!shape.every((length) => Number.isInteger(length) && length >= 0)) {
      throw new ShapeError(`asks for a tensor [${shape.join(', ')}]`);
    }
    const size = sizeOf(shape);
    if (!(size <= this.#left))
      throw new ShapeError(`asks for a tensor of ${size} elements that the file does not hold`);
    this.#left -= size;
    return dtype === 'float32' && !symbols ? new Float32Array(size) : new Array<Dim>(size).fill(0);
  }

  filled(dtype: DType, shape: readonly number[], element: Dim): Known {
    const elements = this.#allocate(dtype, shape, typeof element !== 'number');
    (elements as Dim[]).fill(element);
    return madeOf(dtype, shape, elements);
  }

  /** Numbers start, start + step, … `count` of them. */
  range(dtype: DType, start: number, step: number, count: number): Known {
    const elements = this.#allocate(dtype, [count], false);
    for (let i = 0; i < count; i++) elements[i] = start + i * step;
    return madeOf(dtype, [count], elements);
  }

  /** f of each element, with broadcasting. */
  map(dtype: DType, operands: readonly Known[], f: (...elements: Dim[]) => Dim): Known {
    const shape = operands.map((operand) => operand.shape).reduce(broadcast);
    const stored = operands.map((operand): Shape => operand.stored).reduce(broadcast) as number[];
    const result = this.#allocate(dtype, stored, operands.some(hasSymbols));
    const walks = operands.map((operand) => walk(stored, broadcastStrides(operand.stored, stored)));
    for (let i = 0; i < result.length; i++) {
      result[i] = f(...operands.map(({ elements }, k) => elements[walks[k]!()]!));
    }
    return { ...madeOf(dtype, stored, result), shape };
  }

  /** Element [i, j, …] of the result is the operand's at offset + i·strides[0] + j·strides[1] + …. */
  strided(known: Known, shape: readonly number[], strides: readonly number[], offset = 0): Known {
    const result = this.#allocate(known.dtype, shape, hasSymbols(known));
    const next = walk(shape, strides);
    for (let i = 0; i < result.length; i++) result[i] = known.elements[offset + next()]!;
    return madeOf(known.dtype, shape, result, known);
  }

  transpose(known: Known, permutation: readonly number[]): Known {
    if (permutation.join() === '1,0' && !isRepeated(known)) return this.#turned(known);
    const strides = stridesOf(known.stored);
    const [stored, turned] = [known.stored, strides].map((list) => permutation.map((axis) => list[axis]!));
    const moved = this.strided(known, stored!, turned!);
    return isRepeated(known) ? { ...moved, shape: permutation.map((axis) => known.shape[axis]!) } : moved;
  }

  /** A matrix: what most weights are, and where the time goes. */
  #turned(known: Known): Known {
    const { dtype, stored, elements } = known;
    const [rows, columns] = stored as readonly [number, number];
    const result = this.#allocate(dtype, [columns, rows], hasSymbols(known));
    let at = 0;
    for (let column = 0; column < columns; column++) {
      // Written in order: four times as fast as read in order.
      for (let row = 0; row < rows; row++) result[at++] = elements[row * columns + column]!;
    }
    return madeOf(dtype, [columns, rows], result, known);
  }

  /** `count` elements along an axis, from `start`, every `step`th. */
  slice(known: Known, axis: number, start: number, count: number, step: number): Known {
    const strides = stridesOf(known.stored);
    const shape = known.stored.with(axis, count);
    return this.strided(
      known,
      shape,
      strides.with(axis, strides[axis]! * step),
      count > 0 ? start * strides[axis]! : 0,
    );
  }

  gather(known: Known, indices: readonly number[], axis: number, indexShape: readonly number[]): Known {
    const { stored, elements } = known;
    const shape = [...stored.slice(0, axis), ...indexShape, ...stored.slice(axis + 1)];
    const [outer, inner] = [sizeOf(stored.slice(0, axis)), sizeOf(stored.slice(axis + 1))];
    const result = this.#allocate(known.dtype, shape, hasSymbols(known));
    let at = 0;
    for (let i = 0; i < outer; i++) {
      for (const index of indices) {
        const from = (i * stored[axis]! + index) * inner;
        for (let k = 0; k < inner; k++) result[at++] = elements[from + k]!;
      }
    }
    return madeOf(known.dtype, shape, result, known);
  }

  concat(parts: readonly Known[], axis: number): Known {
    const first = parts[0]!;
    const at = axisIndex(axis, first.stored.length);
    const others = (shape: readonly number[]): string => shape.with(at, 0).join();
    for (const { stored } of parts) {
      if (stored.length !== first.stored.length || others(stored) !== others(first.stored)) {
        throw new ShapeError(`[${stored.join(', ')}] does not continue [${first.stored.join(', ')}]`);
      }
    }
    const shape = first.stored.with(
      at,
      parts.reduce((sum, { stored }) => sum + stored[at]!, 0),
    );
    const result = this.#allocate(first.dtype, shape, parts.some(hasSymbols));
    const outer = sizeOf(shape.slice(0, at));
    let written = 0;
    for (let i = 0; i < outer; i++) {
      for (const { stored, elements } of parts) {
        const block = sizeOf(stored.slice(at));
        for (let k = 0; k < block; k++) result[written++] = elements[i * block + k]!;
      }
    }
    return madeOf(first.dtype, shape, result);
  }

  /** A copy of `data` with slices replaced: ONNX's ScatterND without a reduction. */
  scatter(data: Known, indices: Known, updates: Known): Known {
    const depth = indices.stored.at(-1) ?? 0;
    const strides = stridesOf(data.stored);
    const block = sizeOf(data.stored.slice(depth));
    const rows = sizeOf(indices.stored.slice(0, -1));
    if (depth > data.stored.length || rows * block !== updates.elements.length) {
      throw new ShapeError('updates do not fit the indices');
    }
    const result = this.#allocate(data.dtype, data.stored, hasSymbols(data) || hasSymbols(updates));
    for (let i = 0; i < result.length; i++) result[i] = data.elements[i]!;
    for (let row = 0; row < rows; row++) {
      let to = 0;
      for (let axis = 0; axis < depth; axis++) {
        to += indexWithin(indices.elements[row * depth + axis]!, data.stored[axis]!) * strides[axis]!;
      }
      for (let k = 0; k < block; k++) result[to + k] = updates.elements[row * block + k]!;
    }
    return madeOf(data.dtype, data.stored, result);
  }

  /** f folded over the given axes, starting from the first element of each. */
  reduce(known: Known, axes: readonly number[], keepDims: boolean, f: (a: Dim, b: Dim) => Dim): Known {
    const last = [...known.stored.keys()].filter((axis) => axes.includes(axis));
    const rest = [...known.stored.keys()].filter((axis) => !axes.includes(axis));
    const { elements } = this.transpose(known, [...rest, ...last]);
    const kept = rest.map((axis) => known.stored[axis]!);
    const shape = keepDims ? known.stored.map((dim, axis) => (axes.includes(axis) ? 1 : dim)) : kept;
    const block = sizeOf(last.map((axis) => known.stored[axis]!));
    if (block === 0) throw new ShapeError('reduces an empty axis');
    const result = this.#allocate(known.dtype, kept, hasSymbols(known));
    for (let i = 0; i < result.length; i++) {
      let sum = elements[i * block]!;
      for (let k = 1; k < block; k++) sum = f(sum, elements[i * block + k]!);
      result[i] = sum;
    }
    return madeOf(known.dtype, shape, result);
  }
}

/** Row-major: how far apart neighbours along each axis are. */
function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/** A possibly negative index, checked. */
export function indexWithin(index: Dim, length: number): number {
  const at = typeof index === 'number' && index < 0 ? index + length : index;
  if (typeof at !== 'number' || !Number.isInteger(at) || at < 0 || at >= length) {
    throw new ShapeError(`an index does not lie within ${length}`);
  }
  return at;
}

/** Strides of a tensor stretched to a shape: 0 along the axes on which it is repeated. */
export function broadcastStrides(from: readonly number[], to: readonly number[]): number[] {
  const strides = stridesOf(from);
  const extra = to.length - from.length;
  return to.map((_, axis) => (axis < extra || from[axis - extra] === 1 ? 0 : strides[axis - extra]!));
}

/** Gives the offsets of a shape's elements in row-major order, one a call. */
function walk(shape: readonly number[], strides: readonly number[]): () => number {
  const index = shape.map(() => 0);
  let offset = 0;
  return () => {
    const current = offset;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      offset += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      offset -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
    return current;
  };
}
