/** Transposes and factors around a matrix product, which it can take up itself: tensors less to write, in both passes. */
import { matmul, reshape, transpose } from '../../../graph/build.ts';
import type { MatMulFlags } from '../../../graph/build.ts';
import type { Node, Value } from '../../../graph/ir.ts';
import { elements, sameDim, sameShape } from '../../../graph/shape.ts';
import { any, match, named, op, scalarOf } from './patterns.ts';

const x = any('x');

/** Two in a row are one, or none. */
export function wholeTranspose(value: Value): Value | undefined {
  const found = match(value, op('Transpose', [op('Transpose', [x])]));
  if (found === undefined) return undefined;
  const [second, first] = [permutationOf(value), permutationOf(nodeOf(value).inputs[0]!)];
  return transpose(
    found.get('x')!,
    second.map((axis) => first[axis]!),
  );
}

export function wholeReshape(value: Value): Value | undefined {
  const found = match(value, op('Reshape', [op('Reshape', [x])]));
  return found && reshape(found.get('x')!, value.shape);
}

/** [rows, m, n] → [rows, n, m] → [.., n, m], as the dynamo exporter turns the keys of attention: one Transpose of the last two axes. */
export function turnedMatrices(value: Value): Value | undefined {
  const found = match(value, op('Reshape', [op('Transpose', [x], swapsLast)]));
  const flat = found?.get('x');
  if (flat?.shape.length !== 3 || value.shape.length <= 3) return undefined;
  const lead = value.shape.slice(0, -2);
  const isTurned =
    sameDim(flat.shape[0]!, elements(lead)) && sameShape(value.shape.slice(-2), flat.shape.slice(1).toReversed());
  if (!isTurned) return undefined;
  const origin = match(flat, op('Reshape', [any('origin')]))?.get('origin') ?? flat;
  return transpose(reshape(origin, [...lead, ...flat.shape.slice(1)]), swapped(value.shape.length));
}

/** Operands may come scaled by one number, the second one turned. */
export function wholeProduct(value: Value): Value | undefined {
  if (match(value, op('MatMul', [any('a'), any('b')])) === undefined) return undefined;
  const { inputs, attributes } = nodeOf(value);
  const flags = attributes as MatMulFlags;
  if (Object.keys(flags).length > 0) return undefined;
  const [left, right] = [unscaled(inputs[0]!), unscaled(inputs[1]!)];
  const turned = match(right.value, op('Transpose', [x], swapsLast))?.get('x');
  const alpha = left.factor * right.factor;
  if (alpha === 1 && turned === undefined) return undefined;
  return matmul(left.value, turned ?? right.value, {
    ...(turned !== undefined && { transB: true }),
    ...(alpha !== 1 && { alpha }),
  });
}

/** (A·B)·s and (A·B)/s. */
export function scaledProduct(value: Value): Value | undefined {
  for (const [type, apply] of [
    ['Mul', (factor: number) => factor],
    ['Div', (factor: number) => 1 / factor],
  ] as const) {
    const found = match(value, op(type, [named('product', op('MatMul', [any('a'), any('b')])), any('factor')]));
    const [product, factor] = [found?.get('product'), found && scalarOf(found.get('factor')!)];
    if (product === undefined || factor === undefined || !sameShape(product.shape, value.shape)) continue;
    const { inputs, attributes } = nodeOf(product);
    const flags = attributes as MatMulFlags;
    return matmul(inputs[0]!, inputs[1]!, { ...flags, alpha: (flags.alpha ?? 1) * apply(factor) });
  }
  return undefined;
}

function unscaled(value: Value): { value: Value; factor: number } {
  const found = match(value, op('Mul', [x, any('factor')]));
  for (const [of, by] of [
    ['x', 'factor'],
    ['factor', 'x'],
  ] as const) {
    const [operand, factor] = [found?.get(of), found?.get(by)];
    const number = factor && scalarOf(factor);
    if (operand !== undefined && number !== undefined && sameShape(operand.shape, value.shape)) {
      return { value: operand, factor: number };
    }
  }
  return { value, factor: 1 };
}

function nodeOf({ source }: Value): Node {
  if (source.kind !== 'node') throw new Error('a pattern matched what no node computed');
  return source.node;
}

const permutationOf = (value: Value): readonly number[] => nodeOf(value).attributes['permutation'] as readonly number[];

function swapsLast({ attributes: { permutation } }: Node): boolean {
  const axes = permutation as readonly number[];
  return axes.length >= 2 && axes.join() === swapped(axes.length).join();
}

/** [0, 1, …, n − 1, n − 2]. */
function swapped(rank: number): number[] {
  return [...Array(rank).keys()].map((axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
}
