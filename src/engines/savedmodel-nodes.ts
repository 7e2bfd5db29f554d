/** Nodes of a TensorFlow graph and their attributes, as they lie in a SavedModel. */
import { DATA_TYPE, encodeSavedModel } from '../formats/savedmodel-proto.ts';
import type { AttrEntry, AttrValue, NodeDef, SignatureDef, TensorShapeProto } from '../formats/savedmodel-proto.ts';
import type { TensorFlowAttribute } from '../graph/define.ts';
import type { Shape } from '../graph/shape.ts';
import { bytesUnder } from '../graph/tensor.ts';
import type { DType, Tensor } from '../graph/tensor.ts';
import { InputError } from '../shared/errors.ts';
import { isDirect } from './tensorflow-ports.ts';
import type { InPort, OutPort } from './tensorflow-ports.ts';

/** What TensorFlow 2.x calls itself; it refuses graphs of a producer that it finds too old or too new. */
const PRODUCER = 1994;
/** A protobuf message ends here, whoever reads it. */
const MAX_BYTES = 2 ** 31 - 1;

/** Names that TensorFlow takes: a module's path has no other characters, but files from outside may. */
export function nodeName(module: string, name: string): string {
  return module === '' ? name : `${module.replaceAll(/[^\w.-]/g, '_').replace(/^[^A-Za-z0-9]/, 'x')}/${name}`;
}

export function constantNode(name: string, tensor: Tensor): NodeDef {
  const value = {
    dtype: DATA_TYPE[tensor.dtype],
    tensorShape: shapeProto(tensor.shape),
    tensorContent: bytesUnder(tensor),
  };
  return { name, op: 'Const', attr: [attribute('dtype', typed(tensor.dtype)), attribute('value', { tensor: value })] };
}

export function shapeProto(shape: Shape): TensorShapeProto {
  return { dim: shape.map((dim) => ({ size: typeof dim === 'number' ? dim : -1 })) };
}

export const attribute = (key: string, value: AttrValue): AttrEntry => ({ key, value });

export const typed = (dtype: keyof typeof DATA_TYPE): AttrValue => ({ type: DATA_TYPE[dtype] });

export function attrValue(value: TensorFlowAttribute): AttrValue {
  if ('type' in value) return typed(value.type);
  if ('int' in value) return { i: value.int };
  if ('ints' in value) return { list: { i: value.ints } };
  if ('float' in value) return { f: value.float };
  if ('bool' in value) return { b: value.bool ? 1 : 0 };
  return { s: new TextEncoder().encode(value.string) };
}

/** By node: what the graph calls them the ports know. */
export function signatureOf(inputs: readonly InPort[], outputs: readonly OutPort[]): SignatureDef {
  const info = (node: string, dtype: DType) => ({
    key: node,
    value: { name: `${node}:0`, dtype: DATA_TYPE[dtype], tensorShape: { dim: [] } },
  });
  const types = new Map(outputs.map(({ node, dtype }) => [node, isDirect(dtype) ? dtype : 'int32']));
  return {
    inputs: [...new Set(inputs.map(({ node }) => node))].map((node) => info(node, 'int32')),
    outputs: [...types].map(([node, dtype]) => info(node, dtype)),
    methodName: 'tensorflow/serving/predict',
  };
}

/** The content of `saved_model.pb`. Throws an `InputError` for constants that do not fit into one file of 2 GB. */
export function savedModelPieces(node: readonly NodeDef[], signature: SignatureDef): readonly Uint8Array[] {
  const { pieces, length } = encodeSavedModel({ node, versions: { producer: PRODUCER } }, signature);
  if (length > MAX_BYTES) {
    throw new InputError(
      `the model takes ${(length / 2 ** 30).toFixed(1)} GB, and TensorFlow reads no file of more than 2 GB; choose an ONNX Runtime engine`,
      { field: 'engine' },
    );
  }
  return pieces;
}

/** Belongs to the part that XLA compiles as one (encapsulate_xla_computations_pass.cc), before TensorFlow rewrites it by ops that XLA lacks. */
export function compiled(node: NodeDef): NodeDef {
  return { ...node, attr: [...node.attr, attribute('_xla_compile_id', { s: new TextEncoder().encode('step') })] };
}
