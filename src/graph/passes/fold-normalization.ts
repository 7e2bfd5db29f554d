/**
 * Folds the scale and the offset of a LayerNormalization into the frozen layers that read it, and centres their weights, so that the
 * normalised x itself is what is kept and the gradient needs two passes over memory less.
 *
 * With x̂ normalised, γ and β the affine part and C = I − 11ᵀ/n (x̂·C = x̂, its mean being zero already):
 *   (x̂∘γ + β)·Wᵀ + b = x̂·(W∘γ·C)ᵀ + (b + W·β), and for the adapter A → A∘γ·C with the shift A·β.
 * Rows of W∘γ·C sum to zero, so the gradient that reaches x̂ has mean zero, which is what `centredGradient` promises.
 */
import { gemm, mul, reduceMean, reshape, sub } from '../build.ts';
import { constantOf } from '../ir.ts';
import type { Graph, Node, Value } from '../ir.ts';
import { rewrite } from '../rewrite.ts';
import { axisIndex, sameDim } from '../shape.ts';
import { float32 } from '../tensor.ts';
import type { Tensor } from '../tensor.ts';

export function foldNormalization(graph: Graph): Graph {
  const readers = readersOf(graph);
  const norms = new Set<Node>();
  const layers = new Map<Node, Affine>();
  for (const node of graph.nodes) {
    const affine = node.op === 'LayerNormalization' ? affineOf(node) : undefined;
    const reading = affine && layersReading(node.outputs[0]!, readers);
    if (reading === undefined) continue;
    norms.add(node);
    for (const layer of reading) layers.set(layer, affine!);
  }
  return rewrite(graph, {
    visit: ({ graph: to, node, inputs }) => {
      if (norms.has(node)) {
        const attributes = { ...node.attributes, centredGradient: true };
        return to.apply(node.op, [inputs[0], undefined, undefined], attributes, node.module);
      }
      const affine = layers.get(node);
      return affine && to.apply(node.op, folded(to, node, inputs, affine), node.attributes, node.module);
    },
  });
}

type Readers = ReadonlyMap<Value, readonly Node[]>;

/** The layers that a normalised value goes to, also through ops that only pick or move its rows; undefined where anything else reads it. */
function layersReading(normalised: Value, readers: Readers): readonly Node[] | undefined {
  const found: Node[] = [];
  const reading = readers.get(normalised);
  if (reading === undefined) return undefined;
  for (const reader of reading) {
    if (canTakeAffine(reader, normalised)) {
      found.push(reader);
      continue;
    }
    const behind = KEEPS_ROWS[reader.op]?.(reader) ? layersReading(reader.outputs[0]!, readers) : undefined;
    if (behind === undefined) return undefined;
    found.push(...behind);
  }
  return found;
}

/** Whether the features of the last axis stay together: the affine part may then come after as well. */
const KEEPS_ROWS: Readonly<Record<string, (node: Node) => boolean>> = {
  Slice: ({ inputs: [x], attributes }) =>
    axisIndex(attributes['axis'] as number, x!.shape.length) < x!.shape.length - 1,
  Reshape: ({ inputs: [x], outputs: [y] }) => sameDim(x!.shape.at(-1) ?? 1, y!.shape.at(-1) ?? 1),
  Transpose: ({ inputs: [x], attributes }) => (attributes['permutation'] as number[]).at(-1) === x!.shape.length - 1,
};

interface Affine {
  readonly scale: Float32Array;
  readonly offset: Float32Array;
}

function affineOf({ inputs: [, scale, offset] }: Node): Affine | undefined {
  const [gamma, beta] = [constantOf(scale), constantOf(offset)];
  if (!(gamma?.data instanceof Float32Array)) return undefined;
  if (offset === undefined) return { scale: gamma.data, offset: new Float32Array(gamma.data.length) };
  return beta?.data instanceof Float32Array ? { scale: gamma.data, offset: beta.data } : undefined;
}

/** A layer whose weight and bias are constants, reading the normalised value as x and nothing else of it. */
function canTakeAffine({ op, inputs }: Node, normalised: Value): boolean {
  if (op !== 'Linear' && op !== 'LoraLinear') return false;
  const [x, weight, bias, ...rest] = inputs;
  const frozen =
    constantOf(weight)?.data instanceof Float32Array && (bias === undefined || constantOf(bias) !== undefined);
  // A shift is there already where a fold came before.
  return x === normalised && !rest.includes(normalised) && frozen && (op === 'Linear' || inputs[5] === undefined);
}

function folded(
  graph: Graph,
  node: Node,
  inputs: readonly (Value | undefined)[],
  affine: Affine,
): (Value | undefined)[] {
  const [x, , , a, b] = inputs;
  const weight = constantOf(node.inputs[1])!;
  const bias = constantOf(node.inputs[2])?.data as Float32Array | undefined;
  const fixed = [x, graph.constant(centred(weight, affine)), graph.constant(shifted(weight, bias, affine))];
  if (node.op === 'Linear') return fixed;
  const features = affine.scale.length;
  const scaled = mul(a!, graph.constant(float32([features], affine.scale)));
  const centredA = sub(scaled, reduceMean(scaled, { axes: [1], keepDims: true }));
  const shift = reshape(gemm(a!, graph.constant(float32([features, 1], affine.offset))), [a!.shape[0]!]);
  return [...fixed, centredA, b, shift];
}

/** W∘γ with the mean of each row taken off. */
function centred({ shape, data }: Tensor, { scale }: Affine): Tensor<'float32'> {
  const [rows, columns] = shape as readonly [number, number];
  const weight = data as Float32Array;
  const result = new Float32Array(weight.length);
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    let sum = 0;
    for (let i = 0; i < columns; i++) sum += weight[start + i]! * scale[i]!;
    for (let i = 0; i < columns; i++) result[start + i] = weight[start + i]! * scale[i]! - sum / columns;
  }
  return float32(shape, result);
}

/** b + W·β. */
function shifted({ shape, data }: Tensor, bias: Float32Array | undefined, { offset }: Affine): Tensor<'float32'> {
  const [rows, columns] = shape as readonly [number, number];
  const weight = data as Float32Array;
  const result = Float32Array.from({ length: rows }, (_, row) => {
    let sum = bias?.[row] ?? 0;
    for (let i = 0; i < columns; i++) sum += weight[row * columns + i]! * offset[i]!;
    return sum;
  });
  return float32([rows], result);
}

/** Nodes by the values they read; outputs of the graph are left out, being read by something that cannot be changed. */
function readersOf(graph: Graph): Readers {
  const readers = new Map<Value, Node[]>();
  for (const node of graph.nodes) {
    for (const input of node.inputs) if (input !== undefined) readers.set(input, [...(readers.get(input) ?? []), node]);
  }
  for (const output of graph.outputs.values()) readers.delete(output);
  return readers;
}
