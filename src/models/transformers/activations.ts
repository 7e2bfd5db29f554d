/** `hidden_act` of config.json, under the names of transformers' ACT2FN. */
import * as z from 'zod';
import { clip, gelu, geluTanh, hardSwish, quickGelu, relu, sigmoid, silu, tanh } from '../../graph/build.ts';
import type { Value } from '../../graph/ir.ts';

const FUNCTIONS = {
  gelu,
  gelu_python: gelu,
  // One function, rounded differently by different kernels.
  gelu_new: geluTanh,
  gelu_fast: geluTanh,
  gelu_accurate: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  gelu_python_tanh: geluTanh,
  quick_gelu: quickGelu,
  relu,
  relu6: (x) => clip(x, { min: 0, max: 6 }),
  silu,
  swish: silu,
  hardswish: hardSwish,
  sigmoid,
  tanh,
  linear: (x) => x,
} satisfies Record<string, (x: Value) => Value>;

export const activationName = z.enum(Object.keys(FUNCTIONS) as (keyof typeof FUNCTIONS)[]);
export type ActivationName = z.infer<typeof activationName>;

export function activation(name: ActivationName, x: Value): Value {
  return FUNCTIONS[name](x);
}
