/**
 * Static quantisation, written as QuantizeLinear → DequantizeLinear around each layer, which an engine fuses into integer kernels
 * (Jacob et al. 2018): activations as uint8 with one scale and zero point, weights as uint8 around 128 with a scale for each output,
 * biases as int32 in the scale of the products.
 *
 * Weights would be int8 without a zero point, but x64 processors without VNNI add pairs of uint8 · int8 products in 16 saturating bits: on one
 * of them that alone moved logits by 31 % of the largest. uint8 · uint8 is exact everywhere, and of the same accuracy:
 * https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
 */
import { dequantizeLinear, quantizeLinear } from '../build.ts';
import { constantOf } from '../ir.ts';
import type { Graph, Node, Value } from '../ir.ts';
import { rewrite } from '../rewrite.ts';
import { float32 } from '../tensor.ts';
import type { Tensor } from '../tensor.ts';
import { outputAxis } from './plan-quantisation.ts';
import type { QuantisationPlan } from './plan-quantisation.ts';

/** What an activation spans. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** ±127, so that both signs have the same scale. */
const MAX_WEIGHT = 127;
const WEIGHT_ZERO = 128;
const MAX_ACTIVATION = 255;
/** A quantised bias leaves this much of int32 to the sum of products, which of 32 768 of them is at most 2³⁰. */
const MAX_BIAS = 2 ** 30;

/** `ranges` has every range that the plan names. */
export function quantise(graph: Graph, plan: QuantisationPlan, ranges: ReadonlyMap<Value, Range>): Graph {
  const scaleOf = (activation: Value): Scale => scaleOfRange(ranges.get(plan.activations.get(activation)!)!);
  const asIntegers = (activation: Value, value: Value): Value => {
    const { scale, zeroPoint } = scaleOf(activation);
    const { graph: to } = value;
    const parameters = [
      to.scalar(scale),
      to.constant({ dtype: 'uint8', shape: [], data: Uint8Array.of(zeroPoint) }),
    ] as const;
    return dequantizeLinear(quantizeLinear(value, ...parameters), ...parameters);
  };
  return rewrite(graph, {
    replace: (leaf, to) => {
      if (leaf.source.kind !== 'input' || !plan.activations.has(leaf)) return undefined;
      return asIntegers(leaf, to.input(leaf.source.name, leaf.shape, leaf.dtype));
    },
    visit: ({ graph: to, node, inputs }) => {
      const layer = plan.layers.has(node);
      if (!layer && !node.outputs.some((output) => plan.activations.has(output))) return undefined;
      const frozen = layer ? frozenOperands(to, node, scaleOf(node.inputs[0]!).scale) : inputs.slice(1);
      const operands = [inputs[0], ...frozen].slice(0, inputs.length);
      const outputs = to.apply(node.op, operands, node.attributes, node.module);
      return outputs.map((output, index) => {
        const before = node.outputs[index]!;
        return plan.activations.has(before) ? asIntegers(before, output) : output;
      });
    },
  });
}

interface Scale {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Zero is one of the integers: padding and ReLU are full of it. */
function scaleOfRange(range: Range): Scale {
  const [low, high] = [Math.min(range.low, 0), Math.max(range.high, 0)];
  if (high === low) return { scale: 1, zeroPoint: 0 };
  const scale = Math.fround((high - low) / MAX_ACTIVATION);
  return { scale, zeroPoint: Math.round(-low / scale) };
}

/** Weight and bias of a layer as integers, and as floats again. */
function frozenOperands(to: Graph, node: Node, inputScale: number): (Value | undefined)[] {
  const weight = constantOf(node.inputs[1])! as Tensor<'float32'>;
  const bias = constantOf(node.inputs[2]) as Tensor<'float32'> | undefined;
  const axis = outputAxis(node);
  const scales = weightScales(weight, axis).map((scale, output) =>
    // The scale of the bias is that of the products: a weight too small for its bias gets a coarser scale.
    Math.max(scale, Math.abs(bias?.data[output] ?? 0) / (MAX_BIAS * inputScale)),
  );
  const outputs = scales.length;
  const each = outputOf(weight, axis);
  const steps = (value: number, index: number): number => Math.round(value / scales[each(index)]!);
  const integers = Uint8Array.from(weight.data, (value, index) => steps(value, index) + WEIGHT_ZERO);
  const quantised = dequantizeLinear(
    to.constant({ dtype: 'uint8', shape: weight.shape, data: integers }),
    to.constant(float32([outputs], scales)),
    to.constant({ dtype: 'uint8', shape: [outputs], data: new Uint8Array(outputs).fill(WEIGHT_ZERO) }),
    axis,
  );
  if (bias === undefined) return [quantised, undefined];
  const products = scales.map((scale) => scale * inputScale);
  const offsets = Int32Array.from(bias.data, (value, output) => Math.round(value / products[output]!));
  const added = to.constant({ dtype: 'int32', shape: [outputs], data: offsets });
  return [quantised, dequantizeLinear(added, to.constant(float32([outputs], products)), undefined, 0)];
}

/** max |w| / 127 of each output; of an output without weights 1. */
function weightScales(weight: Tensor<'float32'>, axis: 0 | 1): Float32Array {
  const largest = new Float32Array(weight.shape[axis]!);
  const each = outputOf(weight, axis);
  weight.data.forEach((value, index) => {
    largest[each(index)] = Math.max(largest[each(index)]!, Math.abs(value));
  });
  return largest.map((value) => (value === 0 ? 1 : value / MAX_WEIGHT));
}

/** The output that an element of a weight belongs to: axis 0 of any weight, or axis 1 of a matrix. */
function outputOf({ shape, data }: Tensor, axis: 0 | 1): (index: number) => number {
  const columns = axis === 1 ? shape[1]! : data.length / shape[0]!;
  return axis === 1 ? (index) => index % columns : (index) => Math.floor(index / columns);
}
