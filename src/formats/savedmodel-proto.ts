/**
 * The messages of a TensorFlow SavedModel (tensorflow/core/protobuf/saved_model.proto, meta_graph.proto and tensorflow/core/framework/*.proto)
 * that Lowrank writes, under their own names in camel case. A map is a list of entries, as it lies in the file.
 */
import { type Int64, many, message, type MessageType, one } from './protobuf-message.ts';
import { encodeMessage, type Pieces } from './protobuf-write.ts';

/** Element types (DataType of types.proto). */
export const DATA_TYPE = {
  float32: 1,
  int32: 3,
  uint8: 4,
  int8: 6,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  uint16: 17,
  float16: 19,
  uint32: 22,
} as const;

interface SavedModel {
  savedModelSchemaVersion: Int64;
  metaGraphs: readonly MetaGraphDef[];
}

interface MetaGraphDef {
  metaInfoDef: MetaInfoDef;
  graphDef: GraphDef;
  signatureDef: readonly SignatureEntry[];
}

interface MetaInfoDef {
  tags: readonly string[];
}

export interface GraphDef {
  node: readonly NodeDef[];
  versions: VersionDef;
}

interface VersionDef {
  producer: number;
}

export interface NodeDef {
  name: string;
  op: string;
  input?: readonly string[];
  attr: readonly AttrEntry[];
}

export interface AttrEntry {
  key: string;
  value: AttrValue;
}

/** One of them is set. */
export interface AttrValue {
  list?: ListValue;
  s?: Uint8Array;
  i?: Int64;
  f?: number;
  /** 0 or 1. */
  b?: number;
  type?: number;
  shape?: TensorShapeProto;
  tensor?: TensorProto;
}

interface ListValue {
  i?: readonly Int64[];
}

export interface TensorShapeProto {
  dim: readonly DimProto[];
}

interface DimProto {
  /** −1 for a length that is known only when the graph runs. */
  size: Int64;
}

interface TensorProto {
  dtype: number;
  tensorShape: TensorShapeProto;
  /** Elements as they lie in memory, little-endian. */
  tensorContent: Uint8Array;
}

interface SignatureEntry {
  key: string;
  value: SignatureDef;
}

export interface SignatureDef {
  inputs: readonly TensorInfoEntry[];
  outputs: readonly TensorInfoEntry[];
  methodName: string;
}

interface TensorInfoEntry {
  key: string;
  value: TensorInfo;
}

interface TensorInfo {
  name: string;
  dtype: number;
  tensorShape: TensorShapeProto;
}

const dim: MessageType<DimProto> = message({ size: one(1, 'int64') });
const shape: MessageType<TensorShapeProto> = message({ dim: many(2, () => dim) });

const tensor: MessageType<TensorProto> = message({
  dtype: one(1, 'int32'),
  tensorShape: one(2, () => shape),
  tensorContent: one(4, 'bytes'),
});

const list: MessageType<ListValue> = message({ i: many(3, 'int64') });

const attrValue: MessageType<AttrValue> = message({
  list: one(1, () => list),
  s: one(2, 'bytes'),
  i: one(3, 'int64'),
  f: one(4, 'float'),
  b: one(5, 'int32'),
  type: one(6, 'int32'),
  shape: one(7, () => shape),
  tensor: one(8, () => tensor),
});

const attrEntry: MessageType<AttrEntry> = message({ key: one(1, 'string'), value: one(2, () => attrValue) });

const node: MessageType<NodeDef> = message({
  name: one(1, 'string'),
  op: one(2, 'string'),
  input: many(3, 'string'),
  attr: many(5, () => attrEntry),
});

const versions: MessageType<VersionDef> = message({ producer: one(1, 'int32') });
const graphDef: MessageType<GraphDef> = message({ node: many(1, () => node), versions: one(4, () => versions) });

const tensorInfo: MessageType<TensorInfo> = message({
  name: one(1, 'string'),
  dtype: one(2, 'int32'),
  tensorShape: one(3, () => shape),
});
const tensorInfoEntry: MessageType<TensorInfoEntry> = message({
  key: one(1, 'string'),
  value: one(2, () => tensorInfo),
});

const signature: MessageType<SignatureDef> = message({
  inputs: many(1, () => tensorInfoEntry),
  outputs: many(2, () => tensorInfoEntry),
  methodName: one(3, 'string'),
});
const signatureEntry: MessageType<SignatureEntry> = message({ key: one(1, 'string'), value: one(2, () => signature) });

const metaInfo: MessageType<MetaInfoDef> = message({ tags: many(4, 'string') });

const metaGraph: MessageType<MetaGraphDef> = message({
  metaInfoDef: one(1, () => metaInfo),
  graphDef: one(2, () => graphDef),
  signatureDef: many(5, () => signatureEntry),
});

const savedModel: MessageType<SavedModel> = message({
  savedModelSchemaVersion: one(1, 'int64'),
  metaGraphs: many(2, () => metaGraph),
});

/** The bytes of `saved_model.pb` for a graph without variables, in pieces: the constants' contents are not copied. */
export function encodeSavedModel(graph: GraphDef, signature: SignatureDef): Pieces {
  return encodeMessage(savedModel, {
    savedModelSchemaVersion: 1,
    metaGraphs: [
      {
        metaInfoDef: { tags: ['serve'] },
        graphDef: graph,
        signatureDef: [{ key: 'serving_default', value: signature }],
      },
    ],
  });
}
