/** Comparisons, logic and Where. Masks are mostly known before the network runs; those that are not become nodes. */
import { greater, greaterOrEqual, less, lessOrEqual, not, equal, where } from '../../../graph/build.ts';
import { constantOf } from '../../../graph/ir.ts';
import type { Value } from '../../../graph/ir.ts';
import { broadcast, sameShape, ShapeError } from '../../../graph/shape.ts';
import type { Dim } from '../../../graph/shape.ts';
import { compareDims } from '../dim-arithmetic.ts';
import { isKnown, uniform } from '../operand.ts';
import { sameType } from './arithmetic.ts';
import type { Site, Translator } from './site.ts';

function comparison(holds: (order: number) => boolean, build: (a: Value, b: Value) => Value): Translator {
  return (site) => {
    const known = site.allKnown();
    if (known?.length !== 2) return [build(...sameType(site))];
    return [site.folding.map('bool', known, (a, b) => (holds(compareDims(a, b)) ? 1 : 0))];
  };
}

function logic(holds: (a: boolean, b: boolean) => boolean, op: string): Translator {
  return (site) => {
    const known = site.allKnown();
    if (known?.length !== 2) return site.graph.apply(op, sameType(site));
    return [site.folding.map('bool', known, (a, b) => (holds(a === 1, b === 1) ? 1 : 0))];
  };
}

const choose: Translator = (site) => {
  const known = site.allKnown();
  if (known?.length === 3) {
    const { dtype } = known[1]!;
    return [site.folding.map(dtype, known, (condition: Dim, a: Dim, b: Dim) => (condition === 1 ? a : b))];
  }
  const condition = site.operand(0);
  const [a, b] = [site.value(1), site.value(2)];
  if (a.dtype !== b.dtype) throw new ShapeError(`mixes ${a.dtype} with ${b.dtype}`);
  const always = isKnown(condition) ? uniform(condition) : undefined;
  if (isKnown(condition) && always !== undefined) {
    const chosen = always === 1 ? a : b;
    const shape = broadcast(condition.shape, broadcast(a.shape, b.shape));
    if (sameShape(chosen.shape, shape)) return [chosen];
  }
  return [where(site.value(0), a, b)];
};

/** The dynamo exporter guards attention against rows in which everything is masked. Where no row is, nothing is NaN. */
const isNaNOf: Translator = (site) => {
  const x = site.operand(0);
  if (isKnown(x)) return [site.folding.map('bool', [x], (element) => (Number.isNaN(element) ? 1 : 0))];
  const value = site.value(0);
  if (!isSafeSoftmax(value))
    throw new ShapeError('is supported after a Softmax whose mask leaves something in each row');
  const never = site.folding.filled(
    'bool',
    value.shape.map(() => 1),
    0,
  );
  return [{ ...never, shape: value.shape }];
};

function isSafeSoftmax({ source }: Value): boolean {
  if (source.kind !== 'node' || source.node.op !== 'Softmax') return false;
  const scores = source.node.inputs[0];
  if (scores?.source.kind !== 'node' || scores.source.node.op !== 'Add') return true;
  return scores.source.node.inputs.every((term) => {
    const mask = constantOf(term);
    if (mask === undefined) return true;
    if (mask.dtype !== 'float32') return false;
    const row = mask.shape.at(-1) ?? 1;
    const data = mask.data as Float32Array;
    for (let start = 0; start < data.length; start += row) {
      if (!data.subarray(start, start + row).some((bias) => Number.isFinite(bias))) return false;
    }
    return true;
  });
}

const negated: Translator = (site: Site) => {
  const x = site.operand(0);
  return [isKnown(x) ? site.folding.map('bool', [x], (element) => (element === 1 ? 0 : 1)) : not(site.value(0))];
};

export const COMPARISONS: Readonly<Record<string, Translator>> = {
  And: logic((a, b) => a && b, 'And'),
  Equal: comparison((order) => order === 0, equal),
  Greater: comparison((order) => order > 0, greater),
  GreaterOrEqual: comparison((order) => order >= 0, greaterOrEqual),
  IsNaN: isNaNOf,
  Less: comparison((order) => order < 0, less),
  LessOrEqual: comparison((order) => order <= 0, lessOrEqual),
  Not: negated,
  Or: logic((a, b) => a || b, 'Or'),
  Where: choose,
};
