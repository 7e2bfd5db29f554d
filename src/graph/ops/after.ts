/**
 * y = x, but not before `token` is computed: what reads y is computed then, not when x is there. Engines rewrite graphs: they drop identities,
 * compute equal nodes once and order nodes themselves, so each form makes of the token something that its engine cannot see through.
 * Recomputation stands on it (passes/recompute.ts).
 */
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { isStatic, ShapeError } from '../shape.ts';
import type { Dim } from '../shape.ts';
import { isFloat } from '../tensor.ts';

export const after = defineOp<[x: Value, token: Value]>({
  name: 'After',
  shape: ([x, token]) => {
    if (token.shape.length === 0) throw new ShapeError('a token has at least one axis');
    return [like(x)];
  },
  vjp: (_, [dy]) => [() => dy!, undefined],
  // A reshape to x's own lengths, added up of a length of the token's: no memory is moved. (Joined with Concat they would be seen through, by
  // ReshapeFusion; a token of known shape is.) What is of known shape, an adapter, is expanded to it and so copied: of a reshape to lengths that
  // a node computes and another to known ones behind it ReshapeFusion makes one, and fails ("Attempting to get index by a name which does not
  // exist", reshape_fusion.cc, last seen in 1.30).
  onnx: (w, { names: [x, token], results, inputs: [{ shape }, { shape: told }] }) => {
    const axis = Math.max(
      told.findIndex((dim) => typeof dim !== 'number'),
      0,
    );
    const [length, unit, scaled, lengths] = ['length', 'unit', 'scaled', 'lengths'].map((hint) => w.fresh(hint));
    w.node('Shape', [token], [length!], { start: { int: axis }, end: { int: axis + 1 } });
    const dim = told[axis]!;
    w.node('Div', [length!, w.ints([typeof dim === 'number' ? 1 : dim.factor])], [unit!]);
    const parts = shape.map((own) => lengthBy(own, dim));
    w.node('Mul', [unit!, w.ints(parts.map(({ times }) => times))], [scaled!]);
    w.node('Add', [scaled!, w.ints(parts.map(({ plus }) => plus))], [lengths!]);
    w.node(isStatic(shape) ? 'Expand' : 'Reshape', [x, lengths!], results);
  },
  // Plus min(|t|, 0) of an element of the token, which is 0 but not known to be; what is no float is left to the engine.
  tensorflow: (w, { operands: [x, token] }) => {
    if (!isFloat(x.dtype)) return x;
    const flat = w.typed('Reshape', [token, w.ints([-1])]);
    const first = w.typed('Slice', [flat, w.ints([0]), w.ints([1])], { Index: { type: 'int32' } });
    const size = w.typed('Abs', [w.typed('Reshape', [w.cast(first, x.dtype), w.ints([])])]);
    return w.typed('AddV2', [x, w.typed('Minimum', [size, w.scalar(0, x.dtype)])]);
  },
  alias: true,
  flops: () => 0,
  cases: [
    { inputs: [[2, 3], { shape: [3], frozen: true }] },
    { inputs: [[4], { shape: [2, 2], frozen: true }] },
    { inputs: [[], { shape: [1], frozen: true }], why: 'of a scalar' },
  ],
});

/** A length as `times` the symbols of the token's plus `plus`; −1 is whatever is left. */
function lengthBy(own: Dim, token: Dim): { times: number; plus: number } {
  if (typeof own === 'number') return { times: 0, plus: own };
  const same = typeof token !== 'number' && own.symbols.join() === token.symbols.join();
  return same ? { times: own.factor, plus: 0 } : { times: 0, plus: -1 };
}
