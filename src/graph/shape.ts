/**
 * Shapes whose batch and sequence lengths are known only when the graph runs.
 *
 * A dimension is a number or a monomial over symbols, `197·B`. Products are all that networks make of a batch dimension
 * (tokens are flattened, heads are split off), so sums of symbols are refused instead of carried around.
 */
export interface SymbolicDim {
  readonly factor: number;
  /** Sorted, with repetition: B·B is ['B', 'B']. */
  readonly symbols: readonly string[];
}

export type Dim = number | SymbolicDim;
export type Shape = readonly Dim[];

/** What each symbol stands for in one run. */
export type Bindings = Readonly<Record<string, number>>;

/** A shape that cannot be: the message names the op or the value. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

export function symbol(name: string): SymbolicDim {
  return { factor: 1, symbols: [name] };
}

const factorOf = (dim: Dim): number => (typeof dim === 'number' ? dim : dim.factor);
const symbolsOf = (dim: Dim): readonly string[] => (typeof dim === 'number' ? [] : dim.symbols);

function monomial(factor: number, symbols: readonly string[]): Dim {
  return symbols.length === 0 || factor === 0 ? factor : { factor, symbols: symbols.toSorted() };
}

export function timesDim(a: Dim, b: Dim): Dim {
  return monomial(factorOf(a) * factorOf(b), [...symbolsOf(a), ...symbolsOf(b)]);
}

/** a / b where it is exact, else undefined. */
export function divideDim(a: Dim, b: Dim): Dim | undefined {
  const rest = [...symbolsOf(a)];
  for (const name of symbolsOf(b)) {
    const at = rest.indexOf(name);
    if (at < 0) return undefined;
    rest.splice(at, 1);
  }
  const factor = factorOf(a) / factorOf(b);
  return Number.isInteger(factor) ? monomial(factor, rest) : undefined;
}

export function sameDim(a: Dim, b: Dim): boolean {
  if (typeof a === 'number' || typeof b === 'number') return a === b;
  return a.factor === b.factor && a.symbols.join() === b.symbols.join();
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => sameDim(dim, b[axis]!));
}

/** Number of elements. */
export function elements(shape: Shape): Dim {
  return shape.reduce(timesDim, 1);
}

export function isStatic(shape: Shape): shape is readonly number[] {
  return shape.every((dim) => typeof dim === 'number');
}

/** The dimension as a number; a ShapeError when it is symbolic. */
export function known(dim: Dim | undefined, what: string): number {
  if (typeof dim === 'number') return dim;
  throw new ShapeError(`${what} must be known before the graph runs${dim ? `, not ${formatDim(dim)}` : ''}`);
}

export function bindDim(dim: Dim, bindings: Bindings): number {
  if (typeof dim === 'number') return dim;
  return dim.symbols.reduce((product, name) => {
    const value = bindings[name];
    if (value === undefined) throw new ShapeError(`dimension ${name} has no value`);
    return product * value;
  }, dim.factor);
}

export function bind(shape: Shape, bindings: Bindings): number[] {
  return shape.map((dim) => bindDim(dim, bindings));
}

export function formatDim(dim: Dim): string {
  if (typeof dim === 'number') return String(dim);
  return (dim.factor === 1 ? dim.symbols : [String(dim.factor), ...dim.symbols]).join('·');
}

export function formatShape(shape: Shape): string {
  return `[${shape.map(formatDim).join(', ')}]`;
}

/** NumPy's broadcasting: dimensions align at the right, 1 stretches. */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const x = a[a.length - rank + axis] ?? 1;
    const y = b[b.length - rank + axis] ?? 1;
    if (x === 1) return y;
    if (y === 1 || sameDim(x, y)) return x;
    throw new ShapeError(`${formatShape(a)} and ${formatShape(b)} do not broadcast`);
  });
}

/** A possibly negative axis as an index into `rank` axes. */
export function axisIndex(axis: number, rank: number): number {
  const index = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(index) || index < 0 || index >= rank) {
    throw new ShapeError(`axis ${axis} does not exist in a tensor of ${rank} dimensions`);
  }
  return index;
}
