/**
 * Which layers of a lowered graph are computed with 8-bit integers, and which activations must be integers for that. Matrix products with
 * frozen weights and convolutions are; normalisations, softmax, products of two activations and what lies between stay floating point.
 *
 * ONNX Runtime's fusions decide what is quantised beside a layer's input: its QGemm and MatMulIntegerToFloat give floats, so a linear
 * layer's result is left alone; its QLinearConv gives integers, so a convolution's result, after the ReLU that reads it, is quantised too.
 */
import { constantOf } from '../ir.ts';
import type { Graph, Node, Value } from '../ir.ts';

export interface QuantisationPlan {
  readonly layers: ReadonlySet<Node>;
  /** Activations that become integers → the one whose range they have: their own, but for a pooled one. */
  readonly activations: ReadonlyMap<Value, Value>;
}

/** `floating` layers are left alone. */
export function planQuantisation(graph: Graph, floating: ReadonlySet<Node> = new Set()): QuantisationPlan {
  const readers = readersOf(graph);
  const layers = new Set(graph.nodes.filter((node) => isLayer(node) && !floating.has(node)));
  const activations = new Map<Value, Value>();
  for (const node of layers) {
    const x = node.inputs[0]!;
    activations.set(x, x);
    if (node.op !== 'Conv') continue;
    const y = activated(node.outputs[0]!, readers);
    activations.set(y, y);
  }
  for (const node of graph.nodes) {
    if (node.op !== 'MaxPool') continue;
    // A maximum of integers is one of them; with the same scale ONNX Runtime pools the integers themselves.
    const range = activations.get(node.inputs[0]!);
    if (range !== undefined) activations.set(node.outputs[0]!, range);
  }
  return { layers, activations };
}

/** The axis of a layer's weight that counts its outputs. */
export function outputAxis({ op, attributes }: Node): 0 | 1 {
  return op === 'Conv' || attributes['transB'] === true ? 0 : 1;
}

function isLayer(node: Node): boolean {
  const { op, inputs, attributes } = node;
  const [x, weight, bias] = inputs;
  if (!isFrozen(weight) || constantOf(x) !== undefined) return false;
  if (bias !== undefined && (!isFrozen(bias) || bias.shape.length !== 1)) return false;
  const { transA, transBatchA, transBatchB, alpha = 1 } = attributes;
  switch (op) {
    case 'Conv':
      return !isPatches(node) && !isOfOnePixel(node);
    case 'Gemm':
    case 'MatMul':
      return weight!.shape.length === 2 && !transA && !transBatchA && !transBatchB && alpha === 1;
    default:
      return false;
  }
}

/** Patches of a transformer, a few percent of the work, from which all else is computed: as integers they cost a third of the accuracy. */
function isPatches({ inputs: [x, weight], attributes }: Node): boolean {
  const strides = attributes['strides'] as readonly number[];
  return (
    x!.source.kind === 'input' && strides.every((stride, axis) => stride > 1 && stride === weight!.shape[axis + 2])
  );
}

/** Squeeze-and-excitation, heads written as convolutions: nothing to win and accuracy to lose. */
function isOfOnePixel({ outputs }: Node): boolean {
  return outputs[0]!.shape.slice(2).every((dim) => dim === 1);
}

function isFrozen(value: Value | undefined): boolean {
  return constantOf(value)?.dtype === 'float32';
}

/** What follows y where that is a ReLU alone: its lower end is then an end of the integers, and it costs nothing. */
function activated(y: Value, readers: ReadonlyMap<Value, readonly (Node | undefined)[]>): Value {
  const [reader, ...others] = readers.get(y) ?? [];
  const cuts = reader?.op === 'Relu' || (reader?.op === 'Clip' && reader.attributes['min'] === 0);
  return reader !== undefined && cuts && others.length === 0 ? reader.outputs[0]! : y;
}

/** Nodes by the values they read; undefined stands for the world that reads an output of the graph. */
function readersOf(graph: Graph): Map<Value, (Node | undefined)[]> {
  const readers = new Map<Value, (Node | undefined)[]>();
  const add = (value: Value | undefined, reader: Node | undefined): void => {
    if (value !== undefined) readers.set(value, [...(readers.get(value) ?? []), reader]);
  };
  for (const node of graph.nodes) for (const input of node.inputs) add(input, node);
  for (const output of graph.outputs.values()) add(output, undefined);
  return readers;
}
