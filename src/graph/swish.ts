/** Swish (Ramachandran et al. 2017): y = x·σ(β·x). */
import { add, mul, sigmoid, sub } from './build.ts';
import { defineOp } from './define.ts';
import type { OpDefinition } from './define.ts';
import { like } from './ir.ts';
import type { Value } from './ir.ts';

/** dy/dx = s·(1 + β·(x − y)) with s = σ(β·x), which forward and backward pass share. */
export function defineSwish(name: string, beta: number): OpDefinition {
  const scaled = (x: Value): Value => (beta === 1 ? x : mul(x, beta));
  return defineOp<[x: Value]>({
    name,
    shape: ([x]) => [like(x)],
    vjp: ({ inputs: [x], outputs: [y] }, [dy]) => [() => mul(dy!, mul(sigmoid(scaled(x)), add(scaled(sub(x, y!)), 1)))],
    expand: ({ inputs: [x] }) => [mul(x, sigmoid(scaled(x)))],
    cases: [{ inputs: [[3]] }, { inputs: [[2, 3]] }, { inputs: [[2, 3, 4]] }],
  });
}
