/**
 * The messages of ONNX (https://onnx.ai, `onnx.proto`, IR version 3 to 13) that describe models and their tensors, under their
 * own names in camel case. Training info, sparse tensors' content and quantisation annotations are not decoded.
 */
import { InputError, type Place } from '../shared/errors.ts';
import { type Decoded, type Int64, many, message, type MessageType, one } from './protobuf-message.ts';
import { decodeMessage } from './protobuf-read.ts';
import { encodeMessage, joined, type Pieces } from './protobuf-write.ts';

export type { Decoded, Int64 } from './protobuf-message.ts';

export interface ModelProto {
  irVersion?: Int64;
  producerName?: string;
  producerVersion?: string;
  domain?: string;
  modelVersion?: Int64;
  docString?: string;
  graph?: GraphProto;
  opsetImport?: readonly OperatorSetIdProto[];
  metadataProps?: readonly StringStringEntryProto[];
  functions?: readonly FunctionProto[];
}

export interface GraphProto {
  node?: readonly NodeProto[];
  name?: string;
  initializer?: readonly TensorProto[];
  docString?: string;
  input?: readonly ValueInfoProto[];
  output?: readonly ValueInfoProto[];
  valueInfo?: readonly ValueInfoProto[];
  /** Encoded: kept, so that a reader can tell that there are some. */
  sparseInitializer?: readonly Uint8Array[];
  metadataProps?: readonly StringStringEntryProto[];
}

export interface NodeProto {
  input?: readonly string[];
  output?: readonly string[];
  name?: string;
  opType?: string;
  attribute?: readonly AttributeProto[];
  docString?: string;
  domain?: string;
  overload?: string;
  metadataProps?: readonly StringStringEntryProto[];
}

export interface AttributeProto {
  name?: string;
  f?: number;
  i?: Int64;
  s?: Uint8Array;
  t?: TensorProto;
  g?: GraphProto;
  floats?: readonly number[];
  ints?: readonly Int64[];
  strings?: readonly Uint8Array[];
  tensors?: readonly TensorProto[];
  graphs?: readonly GraphProto[];
  docString?: string;
  /** One of `ATTRIBUTE_TYPE`. */
  type?: number;
  /** Within a function: the function's attribute that this one stands for. */
  refAttrName?: string;
}

export const ATTRIBUTE_TYPE = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
} as const;

export interface TensorProto {
  dims?: readonly Int64[];
  dataType?: number;
  /** The payloads of the typed forms, packed; `tensorFromProto` reads them. */
  floatData?: readonly Uint8Array[];
  int32Data?: readonly Uint8Array[];
  stringData?: readonly Uint8Array[];
  int64Data?: readonly Uint8Array[];
  name?: string;
  rawData?: Uint8Array;
  doubleData?: readonly Uint8Array[];
  uint64Data?: readonly Uint8Array[];
  docString?: string;
  externalData?: readonly StringStringEntryProto[];
  /** 1 for external data. */
  dataLocation?: number;
  metadataProps?: readonly StringStringEntryProto[];
}

export interface ValueInfoProto {
  name?: string;
  type?: TypeProto;
  docString?: string;
  metadataProps?: readonly StringStringEntryProto[];
}

/** Only tensors: sequences, maps and optionals are read as a type without `tensorType`. */
export interface TypeProto {
  tensorType?: TensorTypeProto;
  denotation?: string;
}

export interface TensorTypeProto {
  elemType?: number;
  shape?: TensorShapeProto;
}

export interface TensorShapeProto {
  dim?: readonly DimensionProto[];
}

/** A known length, a named one, or neither: unknown. */
export interface DimensionProto {
  dimValue?: Int64;
  dimParam?: string;
  denotation?: string;
}

export interface OperatorSetIdProto {
  domain?: string;
  version?: Int64;
}

export interface StringStringEntryProto {
  key?: string;
  value?: string;
}

export interface FunctionProto {
  name?: string;
  input?: readonly string[];
  output?: readonly string[];
  attribute?: readonly string[];
  node?: readonly NodeProto[];
  docString?: string;
  opsetImport?: readonly OperatorSetIdProto[];
  domain?: string;
  attributeProto?: readonly AttributeProto[];
  valueInfo?: readonly ValueInfoProto[];
  overload?: string;
  metadataProps?: readonly StringStringEntryProto[];
}

const entry: MessageType<StringStringEntryProto> = message({ key: one(1, 'string'), value: one(2, 'string') });

const opset: MessageType<OperatorSetIdProto> = message({ domain: one(1, 'string'), version: one(2, 'int64') });

const dimension: MessageType<DimensionProto> = message({
  dimValue: one(1, 'int64'),
  dimParam: one(2, 'string'),
  denotation: one(3, 'string'),
});

const shape: MessageType<TensorShapeProto> = message({ dim: many(1, () => dimension) });

const tensorType: MessageType<TensorTypeProto> = message({ elemType: one(1, 'int32'), shape: one(2, () => shape) });

const type: MessageType<TypeProto> = message({ tensorType: one(1, () => tensorType), denotation: one(6, 'string') });

const valueInfo: MessageType<ValueInfoProto> = message({
  name: one(1, 'string'),
  type: one(2, () => type),
  docString: one(3, 'string'),
  metadataProps: many(4, () => entry),
});

const tensor: MessageType<TensorProto> = message({
  dims: many(1, 'int64'),
  dataType: one(2, 'int32'),
  floatData: many(4, 'packed'),
  int32Data: many(5, 'packed'),
  stringData: many(6, 'bytes'),
  int64Data: many(7, 'packed'),
  name: one(8, 'string'),
  rawData: one(9, 'bytes'),
  doubleData: many(10, 'packed'),
  uint64Data: many(11, 'packed'),
  docString: one(12, 'string'),
  externalData: many(13, () => entry),
  dataLocation: one(14, 'int32'),
  metadataProps: many(16, () => entry),
});

const attribute: MessageType<AttributeProto> = message({
  name: one(1, 'string'),
  f: one(2, 'float'),
  i: one(3, 'int64'),
  s: one(4, 'bytes'),
  t: one(5, () => tensor),
  g: one(6, () => graph),
  floats: many(7, 'float'),
  ints: many(8, 'int64'),
  strings: many(9, 'bytes'),
  tensors: many(10, () => tensor),
  graphs: many(11, () => graph),
  docString: one(13, 'string'),
  type: one(20, 'int32'),
  refAttrName: one(21, 'string'),
});

const node: MessageType<NodeProto> = message({
  input: many(1, 'string'),
  output: many(2, 'string'),
  name: one(3, 'string'),
  opType: one(4, 'string'),
  attribute: many(5, () => attribute),
  docString: one(6, 'string'),
  domain: one(7, 'string'),
  overload: one(8, 'string'),
  metadataProps: many(9, () => entry),
});

const graph: MessageType<GraphProto> = message({
  node: many(1, () => node),
  name: one(2, 'string'),
  initializer: many(5, () => tensor),
  docString: one(10, 'string'),
  input: many(11, () => valueInfo),
  output: many(12, () => valueInfo),
  valueInfo: many(13, () => valueInfo),
  sparseInitializer: many(15, 'bytes'),
  metadataProps: many(16, () => entry),
});

const functionType: MessageType<FunctionProto> = message({
  name: one(1, 'string'),
  input: many(4, 'string'),
  output: many(5, 'string'),
  attribute: many(6, 'string'),
  node: many(7, () => node),
  docString: one(8, 'string'),
  opsetImport: many(9, () => opset),
  domain: one(10, 'string'),
  attributeProto: many(11, () => attribute),
  valueInfo: many(12, () => valueInfo),
  overload: one(13, 'string'),
  metadataProps: many(14, () => entry),
});

const model: MessageType<ModelProto> = message({
  irVersion: one(1, 'int64'),
  producerName: one(2, 'string'),
  producerVersion: one(3, 'string'),
  domain: one(4, 'string'),
  modelVersion: one(5, 'int64'),
  docString: one(6, 'string'),
  graph: one(7, () => graph),
  opsetImport: many(8, () => opset),
  metadataProps: many(14, () => entry),
  functions: many(25, () => functionType),
});

/** The bytes of a model, in pieces: raw data is not copied. */
export function encodeModelPieces(value: ModelProto): Pieces {
  return encodeMessage(model, value);
}

/** The bytes of a model. */
export function encodeModel(value: ModelProto): Uint8Array {
  return joined(encodeModelPieces(value));
}

/** A model as it was read: with a graph, else it is none. */
export type DecodedModel = Decoded<ModelProto> & { readonly graph: Decoded<GraphProto> };

/** Reads a model; its raw data are views of `bytes`. Throws an `InputError` (with `place`) at damaged or foreign bytes. */
export function decodeModel(bytes: Uint8Array, place: Place = {}): DecodedModel {
  const decoded = decodeMessage(model, bytes, place);
  const { graph: decodedGraph } = decoded;
  if (decodedGraph === undefined || decoded.opsetImport.length === 0) {
    throw new InputError('not an ONNX model: it holds no graph or no opset', place);
  }
  return { ...decoded, graph: decodedGraph };
}
