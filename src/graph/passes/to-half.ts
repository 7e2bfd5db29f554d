/**
 * Half precision: weights and activations of the layers that gain by it become float16; what loses by it, softmax, exponentials, sums
 * over many elements, stays float32 between casts. Inputs and outputs keep their types. A LayerNormalization takes and gives halves, its
 * statistics are float32 by ONNX's own rule (`stash_type`).
 */
import { cast, mul } from '../build.ts';
import { constantOf } from '../ir.ts';
import type { Attributes, Graph, Node, Value } from '../ir.ts';
import { embed } from '../rewrite.ts';
import type { Tensor } from '../tensor.ts';

/** Ops of a lowered graph whose results have the range and the precision of their operands. All others are computed in float32. */
const IN_HALF = new Set([
  'Add',
  'AveragePool',
  'Concat',
  'Conv',
  'Expand',
  'Gather',
  'Gemm',
  'HardSigmoid',
  'LayerNormalization',
  'LeakyRelu',
  'MatMul',
  'MaxPool',
  'Mul',
  'Neg',
  'Relu',
  'Reshape',
  'Sigmoid',
  'Slice',
  'Split',
  'Sub',
  'Tanh',
  'Tile',
  'Transpose',
]);

/** `halvesOf` rounds floats to the bits of halves; nodes in `full` stay as they are. */
export function toHalf(
  graph: Graph,
  halvesOf: (floats: Float32Array) => Uint16Array,
  full: ReadonlySet<Node> = new Set(),
): Graph {
  const halves = new Map<Tensor, Tensor<'float16'>>();
  const half = (value: Value): Value => {
    if (value.dtype !== 'float32') return value;
    const tensor = constantOf(value);
    if (tensor === undefined) return cast(value, 'float16');
    const rounded = halves.get(tensor) ?? {
      dtype: 'float16',
      shape: tensor.shape,
      data: halvesOf(tensor.data as Float32Array),
    };
    halves.set(tensor, rounded);
    return value.graph.constant(rounded, value.source.kind === 'constant' ? value.source.name : undefined);
  };
  const whole = (value: Value): Value => (value.dtype === 'float16' ? cast(value, 'float32') : value);

  const written = graph.empty();
  const outputs = embed(graph, written, {
    visit: ({ graph: to, node, inputs }) => {
      const apply = (operands: readonly (Value | undefined)[], attributes: Attributes): readonly Value[] =>
        to.apply(node.op, operands, attributes, node.module);
      if (!IN_HALF.has(node.op) || full.has(node))
        return apply(
          inputs.map((input) => input && whole(input)),
          node.attributes,
        );
      const operands = inputs.map((input) => input && half(input));
      const { alpha, ...others } = node.attributes;
      if (node.op !== 'MatMul' || alpha === undefined) return apply(operands, node.attributes);
      // The factor before the product: without it scores of attention can leave the range of a half.
      const scaled = mul(operands[0]!, half(to.scalar(alpha as number)));
      return apply([scaled, ...operands.slice(1)], others);
    },
  });
  for (const [name, value] of outputs) written.output(name, whole(value));
  return written;
}
