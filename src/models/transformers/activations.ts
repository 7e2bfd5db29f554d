/** `hidden_act` of config.json. */
import { gelu, relu, silu } from '../../graph/build.ts';
import type { Value } from '../../graph/ir.ts';

const FUNCTIONS = { gelu, relu, silu, swish: silu } satisfies Record<string, (x: Value) => Value>;

export const ACTIVATIONS = Object.keys(FUNCTIONS) as (keyof typeof FUNCTIONS)[];

export function activation(name: keyof typeof FUNCTIONS, x: Value): Value {
  return FUNCTIONS[name](x);
}
