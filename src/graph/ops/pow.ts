import { log, mul, pow as power, sub } from '../build.ts';
import { defineBinary } from '../elementwise.ts';
import { constantOf } from '../ir.ts';
import type { Value } from '../ir.ts';

const positive = { from: 0.5, to: 2 };
const two = { shape: [], values: [2], frozen: true } as const;

/** y = aᵇ: dy/da = b·aᵇ⁻¹, dy/db = y·ln a. Squares, the usual case, need no power. */
export const pow = defineBinary('Pow', {
  gradients: [
    (a, b, _y, dy) => mul(dy, isTwo(b) ? mul(a, 2) : mul(b, power(a, sub(b, 1)))),
    (a, _b, y, dy) => mul(dy, mul(y, log(a))),
  ],
  cases: [
    { inputs: [{ shape: [3], values: positive }, [3]] },
    { inputs: [{ shape: [2, 3, 2], values: positive }, [2]] },
    { inputs: [[2, 3], two], why: 'a square of either sign' },
    { inputs: [[4], { shape: [], values: [3], frozen: true }], why: 'a cube of either sign' },
    { inputs: [{ shape: [], values: positive }, [2, 2]] },
  ],
});

function isTwo(exponent: Value): boolean {
  const tensor = constantOf(exponent);
  return tensor?.shape.length === 0 && Number(tensor.data[0]) === 2;
}
