/** Activations that exporters take apart. Whole, they are one pass over memory, and their gradients another. */
import { gelu, geluTanh, hardSigmoid, hardSwish, quickGelu, silu } from '../../../graph/build.ts';
import type { Node, Value } from '../../../graph/ir.ts';
import { any, either, match, number, op } from './patterns.ts';
import type { Pattern } from './patterns.ts';

const x = any('x');
const mul = (a: Pattern, b: Pattern): Pattern => op('Mul', [a, b]);
const add = (a: Pattern, b: Pattern): Pattern => op('Add', [a, b]);
const div = (a: Pattern, b: Pattern): Pattern => op('Div', [a, b]);

/** x/2 · (1 + inner), in each of the orders. */
function halved(inner: Pattern): Pattern {
  const sum = add(inner, number(1));
  return either(mul(mul(x, sum), number(0.5)), mul(mul(x, number(0.5)), sum), mul(x, mul(sum, number(0.5))));
}

const erf = op('Erf', [either(div(x, number(Math.SQRT2)), mul(x, number(Math.SQRT1_2)))]);
const cube = either(op('Pow', [x, number(3)]), mul(mul(x, x), x));
const tanh = op('Tanh', [mul(add(x, mul(cube, number(0.044715))), number(Math.sqrt(2 / Math.PI)))]);

const PYTORCH = { alpha: 1 / 6, beta: 0.5 };
const isPyTorch = ({ attributes: { alpha, beta } }: Node): boolean =>
  typeof alpha === 'number' && Math.abs(alpha - PYTORCH.alpha) < 1e-6 && beta === PYTORCH.beta;
const upToSix = ({ attributes: { min, max } }: Node): boolean => min === 0 && max === 6;
/** min(6, max(0, x + 3)). */
const clipped = op('Clip', [add(x, number(3))], upToSix);

const FORMS: readonly (readonly [Pattern, (x: Value) => Value])[] = [
  [halved(erf), gelu],
  [halved(tanh), geluTanh],
  [mul(x, op('Sigmoid', [x])), silu],
  [mul(x, op('Sigmoid', [mul(x, number(1.702))])), quickGelu],
  [either(mul(x, op('HardSigmoid', [x], isPyTorch)), div(mul(x, clipped), number(6))), hardSwish],
  [either(div(clipped, number(6)), mul(clipped, number(1 / 6))), (value) => hardSigmoid(value, PYTORCH)],
];

export function wholeActivation(value: Value): Value | undefined {
  for (const [pattern, build] of FORMS) {
    const found = match(value, pattern)?.get('x');
    if (found !== undefined) return build(found);
  }
  return undefined;
}
