/**
 * Half precision for training (Micikevicius et al. 2018), over a differentiated graph whose composite ops still stand: products, and what
 * lies between them, in float16 or bfloat16; loss, its gradient and what only leads to it in float32. Inputs and outputs keep their types, so the trained
 * values are float32 masters, rounded once where the step reads them. Statistics of a LayerNormalization are float32 by ONNX's own
 * rule; softmax and sums take halves and count in float32 inside their kernels, so no T × T matrix is cast.
 * Unlike to-half.ts, which stores a finished model in half the space.
 */
import { cast } from '../build.ts';
import { constantOf } from '../ir.ts';
import type { Attributes, Graph, Node, Value } from '../ir.ts';
import { embed } from '../rewrite.ts';
import { sameShape } from '../shape.ts';
import { isHalfType } from '../tensor.ts';
import type { HalfType, Tensor } from '../tensor.ts';

/** What gains most: products, and what an engine computes in one kernel with float32 inside. */
const ALWAYS = new Set([
  'Attention',
  'AveragePool',
  'Conv',
  'ConvTranspose',
  'ConvWeightGradient',
  'Gelu',
  'GeluGradient',
  'Gemm',
  'LayerNormalization',
  'Linear',
  'LoraConv',
  'LoraLinear',
  'MatMul',
  'MaxPool',
  'Softmax',
]);

/** What keeps range and precision: in half where the values it works on are so already, that nothing is cast for its sake. */
const FOLLOWING = new Set([
  'Add',
  'Clip',
  'Concat',
  'Expand',
  'Gather',
  'HardSigmoid',
  'HardSwish',
  'LeakyRelu',
  'Max',
  'Min',
  'Mul',
  'Neg',
  'Pad',
  'QuickGelu',
  'ReduceMax',
  'ReduceMean',
  'ReduceSum',
  'Relu',
  'Reshape',
  'Sigmoid',
  'Silu',
  'Slice',
  'Split',
  'Step',
  'StopGradient',
  'Sub',
  'Tanh',
  'Tile',
  'Transpose',
  'Where',
]);

/** `round` gives the bits of floats in that type. */
export function halfPrecision(graph: Graph, type: HalfType, round: (floats: Float32Array) => Uint16Array): Graph {
  const halves = new Map<Tensor, Tensor<HalfType>>();
  const casts = new Map<Value, Value>();
  const converted = (value: Value, to: HalfType | 'float32'): Value => {
    const known = casts.get(value) ?? cast(value, to);
    casts.set(value, known);
    return known;
  };
  const half = (value: Value): Value => {
    if (value.dtype !== 'float32') return value;
    const tensor = constantOf(value);
    if (tensor === undefined) return converted(value, type);
    const { shape, data } = tensor;
    const rounded = halves.get(tensor) ?? { dtype: type, shape, data: round(data as Float32Array) };
    halves.set(tensor, rounded);
    return value.graph.constant(rounded, value.source.kind === 'constant' ? value.source.name : undefined);
  };
  const full = (value: Value): Value => (value.dtype === type ? converted(value, 'float32') : value);

  const written = graph.empty();
  const outputs = embed(graph, written, {
    visit: ({ graph: to, node, inputs }) => {
      const isHalf = inHalf(node, inputs);
      const operands = inputs.map((input) => input && (isHalf ? half(input) : full(input)));
      return to.apply(node.op, operands, isHalf ? halved(node, type) : node.attributes, node.module);
    },
  });
  for (const [name, value] of outputs) written.output(name, full(value));
  return written;
}

function inHalf(node: Node, inputs: readonly (Value | undefined)[]): boolean {
  if (ALWAYS.has(node.op)) return true;
  // Bytes of images are exact in a half.
  if (node.op === 'Cast') return inputs[0]?.dtype === 'uint8' && node.attributes['to'] === 'float32';
  return FOLLOWING.has(node.op) && leads(node, inputs).some(({ dtype }) => isHalfType(dtype));
}

/** The operands that count: those as large as the result, since what is stretched over it is cheaper to cast; all where none is. */
function leads(node: Node, inputs: readonly (Value | undefined)[]): readonly Value[] {
  const computed = inputs.filter((input) => input !== undefined && constantOf(input) === undefined) as Value[];
  const large = computed.filter(({ shape }) => sameShape(shape, node.outputs[0]!.shape));
  return large.length > 0 ? large : computed;
}

function halved({ op, attributes }: Node, type: HalfType): Attributes {
  return op === 'Cast' ? { ...attributes, to: type } : attributes;
}
