/**
 * What a SavedModel keeps between runs: resource variables in the memory of the device. One is set by a run of its own, read by the step and by
 * a run of its own, and assigned at the end of each step; TensorFlow prunes a graph to what a run asks for, so these share one session.
 */
import type { NodeDef } from '../formats/savedmodel-proto.ts';
import type { TensorFlowValue } from '../graph/define.ts';
import { bytesOf, isHalfType, sizeOf } from '../graph/tensor.ts';
import type { DType, Tensor } from '../graph/tensor.ts';
import { attribute, constantNode, shapeProto, typed } from './savedmodel-nodes.ts';
import type { InPort, OutPort } from './tensorflow-ports.ts';

/** A variable as it is set and read from outside; words as in tensorflow-ports.ts. */
export interface StatePort {
  /** Of the input that it is in the graph. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Fed to set it, by a run that sets them all and asks for `STATE_WRITTEN`. */
  readonly words: string;
  readonly read: string;
}

/** Frozen tensors that are variables too: fed once, all at a time. */
export interface FrozenPorts {
  readonly words: readonly { readonly node: string; readonly tensor: Tensor }[];
  readonly written: string;
}

export interface WrittenSavedModel {
  /** The content of `saved_model.pb`. */
  readonly pieces: readonly Uint8Array[];
  readonly inputs: readonly InPort[];
  readonly outputs: readonly OutPort[];
  readonly state: readonly StatePort[];
  /** To be fed before the first run. */
  readonly frozen: FrozenPorts;
}

/** Nodes of a step, and nodes that only other runs need. */
interface Parts {
  readonly step: readonly NodeDef[];
  readonly apart: readonly NodeDef[];
}

interface Variable {
  readonly port: StatePort;
  readonly nodes: Parts;
  /** What the step reads. */
  readonly value: TensorFlowValue;
  /** What the step writes it with. */
  assign(value: TensorFlowValue): NodeDef;
}

const WORD = 4;
/** What a run asks for that sets all of the state. */
export const STATE_WRITTEN = 'state_written';

/** A float32 variable. */
export function variable(index: number, name: string, shape: readonly number[]): Variable {
  const handle = `state_${index}`;
  const value = { name: `${handle}_value`, dtype: 'float32' } as const;
  const port = { name, shape, words: `${handle}_words`, read: `${handle}_read` };
  const apart = [
    declared(handle, value.dtype, shape),
    ...set(handle, value.dtype, shape),
    reading(`${handle}_kept`, handle, value.dtype),
    identity(port.read, `${handle}_kept`, value.dtype),
  ];
  return {
    port,
    nodes: { step: [reading(value.name, handle, value.dtype)], apart },
    value,
    assign: ({ name: next }) => assignment(`${handle}_next`, handle, next, value.dtype),
  };
}

/**
 * Constants, by their names, as variables of the same names. XLA would hash, fold and store with what it has compiled every number of a constant,
 * and a file of constants ends at 2 GB.
 */
export function frozenVariables(constants: ReadonlyMap<string, Tensor>): { nodes: Parts; ports: FrozenPorts } {
  const handles = [...constants.keys()].map((name) => `${name}_variable`);
  const entries = [...constants].map(([name, tensor], index) => ({ name, tensor, handle: handles[index]! }));
  const written = 'frozen_written';
  const step = entries.map(({ name, tensor: { dtype }, handle }) => reading(name, handle, dtype));
  const apart = entries.flatMap(({ tensor: { dtype, shape }, handle }) => [
    declared(handle, dtype, shape),
    ...set(handle, dtype, shape),
  ]);
  const sets = told(
    written,
    handles.map((handle) => `${handle}_set`),
  );
  const words = entries.map(({ handle, tensor }) => ({ node: `${handle}_words`, tensor }));
  return { nodes: { step, apart: [...apart, ...sets] }, ports: { words, written } };
}

/** A matrix of 64 × 64 floats: below it are biases and scales, which XLA had better know. */
const MIN_VARIABLE_BYTES = 2 ** 14;

/** Whether a constant had better be a variable: large, and of whole words, as which it is fed. */
export function isVariable({ dtype, shape, data }: Tensor): boolean {
  const isFloat = dtype === 'float32' || (isHalfType(dtype) && sizeOf(shape) % 2 === 0);
  return isFloat && data.byteLength >= MIN_VARIABLE_BYTES;
}

function declared(handle: string, dtype: DType, shape: readonly number[]): NodeDef {
  const attr = [
    attribute('dtype', typed(dtype)),
    attribute('shape', { shape: shapeProto(shape) }),
    attribute('shared_name', { s: new TextEncoder().encode(handle) }),
  ];
  return { name: handle, op: 'VarHandleOp', attr };
}

function reading(name: string, handle: string, dtype: DType): NodeDef {
  return { name, op: 'ReadVariableOp', input: [handle], attr: [attribute('dtype', typed(dtype))] };
}

/** From words to the variable. Not to be compiled by XLA: it runs once. */
function set(handle: string, dtype: DType, shape: readonly number[]): NodeDef[] {
  const [words, elements, given, lengths] = ['_words', '_elements', '_given', '_lengths'].map((part) => handle + part);
  const uncompiled = attribute('_XlaCompile', { b: 0 });
  const length = (sizeOf(shape) * bytesOf(dtype)) / WORD;
  const shapeOfWords = attribute('shape', { shape: shapeProto([length]) });
  return [
    { name: words!, op: 'Placeholder', attr: [attribute('dtype', typed('int32')), shapeOfWords] },
    {
      name: elements!,
      op: 'Bitcast',
      input: [words!],
      attr: [attribute('T', typed('int32')), attribute('type', typed(dtype)), uncompiled],
    },
    constantNode(lengths!, { dtype: 'int32', shape: [shape.length], data: Int32Array.from(shape) }),
    { name: given!, op: 'Reshape', input: [elements!, lengths!], attr: [attribute('T', typed(dtype)), uncompiled] },
    assignment(`${handle}_set`, handle, given!, dtype, false),
  ];
}

function assignment(name: string, handle: string, value: string, dtype: DType, isCompiled = true): NodeDef {
  const attr = [attribute('dtype', typed(dtype)), ...(isCompiled ? [] : [attribute('_XlaCompile', { b: 0 })])];
  return { name, op: 'AssignVariableOp', input: [handle, value], attr };
}

/** The node `STATE_WRITTEN`. */
export function stateWritten(count: number): NodeDef[] {
  return told(
    STATE_WRITTEN,
    Array.from({ length: count }, (_, index) => `state_${index}_set`),
  );
}

/** What a run asks for that is to run other nodes, of which nothing is read. */
function told(name: string, after: readonly string[]): NodeDef[] {
  const done = `${name}_done`;
  return [
    constantNode(done, { dtype: 'int32', shape: [], data: Int32Array.of(1) }),
    identity(name, done, 'int32', after),
  ];
}

/** Passes a value on once other nodes have run. */
export function identity(name: string, value: string, dtype: DType, after: readonly string[] = []): NodeDef {
  return {
    name,
    op: 'Identity',
    input: [value, ...after.map((node) => `^${node}`)],
    attr: [attribute('T', typed(dtype))],
  };
}
