/**
 * Arithmetic on sizes that may hold the batch, as exporters write it into a model. Exact or refused: a result that is no product of the
 * batch and a number means that the model does something to the batch that a classifier does not do. The batch is 1 or more.
 */
import { divideDim, formatDim, sameDim, ShapeError, timesDim } from '../../graph/shape.ts';
import type { Dim, SymbolicDim } from '../../graph/shape.ts';

export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (a === 0) return b;
  if (b === 0) return a;
  const terms = likeTerms(a, b);
  if (terms === undefined) throw refused(a, '+', b);
  return timesDim({ ...terms[0], factor: 1 }, terms[0].factor + terms[1].factor);
}

export function subtractDims(a: Dim, b: Dim): Dim {
  return addDims(a, typeof b === 'number' ? -b : timesDim(b, -1));
}

/** A model that multiplies the batch by itself again and again is none. */
const MAX_SYMBOLS = 4;

export function multiplyDims(a: Dim, b: Dim): Dim {
  const product = timesDim(a, b);
  if (typeof product !== 'number' && product.symbols.length > MAX_SYMBOLS) throw refused(a, '·', b);
  return product;
}

/** Of integers, rounded towards zero as ONNX and C do. */
export function divideIntegers(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') {
    if (b === 0) throw new ShapeError('a size is divided by zero');
    return Math.trunc(a / b);
  }
  return divideDims(a, b);
}

export function divideDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a / b;
  const quotient = b === 0 ? undefined : divideDim(a, b);
  if (quotient === undefined) throw refused(a, '/', b);
  return quotient;
}

/** Python's remainder, which has the divisor's sign. */
export function moduloDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') {
    if (b === 0) throw new ShapeError('a size is divided by zero');
    return a - b * Math.floor(a / b);
  }
  if (b === 0 || divideDim(a, b) === undefined) throw refused(a, 'mod', b);
  return 0;
}

/** Negative, zero or positive, as `a` is less than, equal to or greater than `b` for every batch. */
export function compareDims(a: Dim, b: Dim): number {
  if (sameDim(a, b)) return 0;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const terms = likeTerms(a, b);
  if (terms !== undefined) return terms[0].factor - terms[1].factor;
  if (typeof b === 'number' && isAbove(a, b)) return 1;
  if (typeof a === 'number' && isAbove(b, a)) return -1;
  throw refused(a, 'compared with', b);
}

function isAbove(dim: Dim, number: number): boolean {
  return typeof dim !== 'number' && dim.factor > 0 && dim.factor > number;
}

export function largerDim(a: Dim, b: Dim): Dim {
  if (isAtLeast(a, b)) return a;
  return isAtLeast(b, a) || compareDims(a, b) < 0 ? b : a;
}

export function smallerDim(a: Dim, b: Dim): Dim {
  if (isAtLeast(a, b)) return b;
  return isAtLeast(b, a) || compareDims(a, b) < 0 ? a : b;
}

/** Of a size that holds the batch and a number. */
function isAtLeast(dim: Dim, least: Dim): boolean {
  return typeof dim !== 'number' && typeof least === 'number' && dim.factor > 0 && dim.factor >= least;
}

/** A function of numbers, refused where the batch is asked for it. */
export function ofNumbers(name: string, apply: (x: number) => number): (x: Dim) => Dim {
  return (x) => {
    if (typeof x !== 'number') throw new ShapeError(`${name} of ${formatDim(x)} depends on the batch`);
    return apply(x);
  };
}

function likeTerms(a: Dim, b: Dim): readonly [SymbolicDim, SymbolicDim] | undefined {
  if (typeof a === 'number' || typeof b === 'number') return undefined;
  return a.symbols.join() === b.symbols.join() ? [a, b] : undefined;
}

function refused(a: Dim, operation: string, b: Dim): ShapeError {
  return new ShapeError(`${formatDim(a)} ${operation} ${formatDim(b)} depends on the batch`);
}
