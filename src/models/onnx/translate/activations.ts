/** Functions of one tensor. */
import {
  abs,
  add,
  div,
  erf,
  exp,
  gelu,
  geluTanh,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  log,
  logSoftmax,
  maximum,
  minimum,
  mul,
  neg,
  relu,
  reshape,
  sigmoid,
  sign,
  softmax,
  sqrt,
  sub,
  tanh,
  transpose,
} from '../../../graph/build.ts';
import type { Value } from '../../../graph/ir.ts';
import { axisIndex, elements, timesDim } from '../../../graph/shape.ts';
import type { Dim } from '../../../graph/shape.ts';
import { ofNumbers } from '../dim-arithmetic.ts';
import { isKnown } from '../operand.ts';
import type { Site, Translator } from './site.ts';

/** `fold` where shape arithmetic uses it too. */
function unary(build: (x: Value, site: Site) => Value, fold?: (x: Dim) => Dim): Translator {
  return (site) => {
    const x = site.operand(0);
    return [fold !== undefined && isKnown(x) ? site.folding.map(x.dtype, [x], fold) : build(site.value(0), site)];
  };
}

const applied =
  (op: string) =>
  (x: Value): Value =>
    x.graph.apply(op, [x])[0]!;
/** Sizes are whole already. */
const whole = (name: string, round: (x: number) => number) => (x: Dim) =>
  typeof x === 'number' ? ofNumbers(name, round)(x) : x;

/** ln(1 + eˣ), without overflow. */
const softplus = (x: Value): Value => add(relu(x), log(add(exp(neg(abs(x))), 1)));
const elu = (x: Value, alpha: number): Value => add(relu(x), mul(sub(exp(minimum(x, 0)), 1), alpha));

/** Before opset 13 ONNX's Softmax was over all axes from the given one on, whose default was 1. */
function overAxis(build: (x: Value) => Value): Translator {
  return (site) => {
    const x = site.value(0);
    const rank = x.shape.length;
    const axis = axisIndex(site.attributes.int('axis', site.opset < 13 ? 1 : -1), rank);
    if (site.opset < 13) {
      const flat = reshape(x, [...x.shape.slice(0, axis), elements(x.shape.slice(axis))]);
      return [reshape(build(flat), x.shape)];
    }
    const last = [...x.shape.keys()].map((index) => (index === axis ? rank - 1 : index === rank - 1 ? axis : index));
    return [transpose(build(transpose(x, last)), last)];
  };
}

export const ACTIVATIONS: Readonly<Record<string, Translator>> = {
  Abs: unary(abs, ofNumbers('Abs', Math.abs)),
  Ceil: unary(applied('Ceil'), whole('Ceil', Math.ceil)),
  Elu: unary((x, { attributes }) => elu(x, attributes.float('alpha', 1))),
  Erf: unary(erf),
  Exp: unary(exp, ofNumbers('Exp', Math.exp)),
  Floor: unary(applied('Floor'), whole('Floor', Math.floor)),
  Gelu: unary((x, { attributes }) => (attributes.string('approximate', 'none') === 'tanh' ? geluTanh(x) : gelu(x))),
  HardSigmoid: unary((x, { attributes }) =>
    hardSigmoid(x, { alpha: attributes.float('alpha', 0.2), beta: attributes.float('beta', 0.5) }),
  ),
  HardSwish: unary(hardSwish),
  LeakyRelu: unary((x, { attributes }) => leakyRelu(x, attributes.float('alpha', 0.01))),
  Log: unary(log, ofNumbers('Log', Math.log)),
  LogSoftmax: overAxis(logSoftmax),
  Mish: unary((x) => mul(x, tanh(softplus(x)))),
  Neg: unary(neg, (x) => timesDim(x, -1)),
  PRelu: (site) => {
    const x = site.value(0);
    return [add(maximum(x, 0), mul(minimum(x, 0), site.value(1)))];
  },
  Reciprocal: unary(
    (x) => div(1, x),
    ofNumbers('Reciprocal', (x) => 1 / x),
  ),
  Relu: unary(relu, (x) => (typeof x === 'number' ? Math.max(x, 0) : x)),
  Round: unary(applied('Round')),
  Sigmoid: unary(sigmoid),
  Sign: unary(sign),
  Softmax: overAxis(softmax),
  Softplus: unary(softplus),
  Softsign: unary((x) => div(x, add(abs(x), 1))),
  Sqrt: unary(sqrt, ofNumbers('Sqrt', Math.sqrt)),
  Tanh: unary(tanh),
};
