/** ONNX models written in a few lines. */
import type {
  AttributeProto,
  FunctionProto,
  ModelProto,
  NodeProto,
  StringStringEntryProto,
  TensorProto,
  ValueInfoProto,
} from '../../../src/formats/onnx-proto.ts';
import { ATTRIBUTE_TYPE, encodeModel } from '../../../src/formats/onnx-proto.ts';
import { tensorToProto } from '../../../src/formats/onnx-tensor.ts';
import { float32, int64, sizeOf } from '../../../src/graph/tensor.ts';
import type { Tensor } from '../../../src/graph/tensor.ts';
import { Random } from '../../../src/shared/random.ts';

/** A whole number is an int, a list ints, text a string; floats are told apart by `float`. */
type AttributeValue = number | readonly number[] | string | Tensor | { readonly float: number };

/** `output = op(inputs)`; several outputs by a list. */
export function node(
  op: string,
  inputs: readonly string[],
  outputs: string | readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  name = `${op} ${String(outputs)}`,
): NodeProto {
  return {
    opType: op,
    name,
    input: [...inputs],
    output: typeof outputs === 'string' ? [outputs] : [...outputs],
    attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
  };
}

function attribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'number') return { name, type: ATTRIBUTE_TYPE.int, i: value };
  if (typeof value === 'string') return { name, type: ATTRIBUTE_TYPE.string, s: new TextEncoder().encode(value) };
  if ('float' in value) return { name, type: ATTRIBUTE_TYPE.float, f: value.float };
  if ('dtype' in value) return { name, type: ATTRIBUTE_TYPE.tensor, t: tensorToProto('', value) };
  return { name, type: ATTRIBUTE_TYPE.ints, ints: [...value] };
}

export type Constants = Readonly<Record<string, Tensor>>;

export interface Sketch {
  readonly nodes: readonly NodeProto[];
  readonly constants?: Constants;
  readonly opset?: number;
  /** Of the image; a name for a length that the file leaves open. */
  readonly input?: readonly (number | string)[];
  readonly output?: string;
  readonly elemType?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly functions?: readonly FunctionProto[];
  readonly extraInputs?: readonly ValueInfoProto[];
  readonly extraConstants?: readonly TensorProto[];
}

/** A model from `x`, images [B, 3, 4, 4] unless told, to `logits`. */
export function onnxModel(sketch: Sketch): Uint8Array {
  return encodeModel(modelOf(sketch));
}

export function modelOf({
  nodes,
  constants = {},
  opset = 17,
  input = ['B', 3, 4, 4],
  output = 'logits',
  elemType = 1,
  metadata = {},
  functions = [],
  extraInputs = [],
  extraConstants = [],
}: Sketch): ModelProto {
  const dim = input.map((length) => (typeof length === 'number' ? { dimValue: length } : { dimParam: length }));
  return {
    irVersion: 8,
    opsetImport: [
      { domain: '', version: opset },
      ...[...new Set(functions.map(({ domain }) => domain))].map((domain) => ({ domain: domain ?? '', version: 1 })),
    ],
    metadataProps: Object.entries(metadata).map(([key, value]): StringStringEntryProto => ({ key, value })),
    functions: [...functions],
    graph: {
      name: 'test',
      node: [...nodes],
      initializer: [
        ...Object.entries(constants).map(([name, tensor]) => tensorToProto(name, tensor)),
        ...extraConstants,
      ],
      input: [{ name: 'x', type: { tensorType: { elemType, shape: { dim } } } }, ...extraInputs],
      output: [{ name: output, type: { tensorType: { elemType: 1 } } }],
    },
  };
}

/** The head that makes a classifier of four classes out of `y`, `features` numbers an image. */
export function head(features: number, from = 'y'): { nodes: NodeProto[]; constants: Record<string, Tensor> } {
  return {
    nodes: [
      node('Flatten', [from], 'features', { axis: 1 }),
      node('Gemm', ['features', 'head.weight', 'head.bias'], 'logits', { transB: 1 }),
    ],
    constants: { 'head.weight': normal([4, features], 99), 'head.bias': normal([4], 98) },
  };
}

/** Normally distributed; the same for the same seed. */
export function normal(shape: readonly number[], seed = 1): Tensor<'float32'> {
  const random = new Random(seed);
  return float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
  );
}

export const positive = (shape: readonly number[], seed = 1): Tensor<'float32'> =>
  float32(
    shape,
    normal(shape, seed).data.map((value) => 0.5 + Math.abs(value)),
  );

export const ints = (...values: number[]): Tensor => int64([values.length], values);
export const scalar = (value: number): Tensor => int64([], [value]);
export const real = (value: number): Tensor => float32([], [value]);
