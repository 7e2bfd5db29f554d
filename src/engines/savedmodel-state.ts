/**
 * What a SavedModel keeps between runs: resource variables in the memory of the device. One is set by a run of its own, read by the step and by
 * a run of its own, and assigned at the end of each step; TensorFlow prunes a graph to what a run asks for, so these share one session.
 */
import type { AttrEntry, NodeDef } from '../formats/savedmodel-proto.ts';
import type { TensorFlowValue } from '../graph/define.ts';
import type { DType } from '../graph/tensor.ts';
import { attribute, shapeProto, typed } from './savedmodel-nodes.ts';

/** A variable as it is set and read from outside; words as in tensorflow-ports.ts. */
export interface StatePort {
  /** Of the input that it is in the graph. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Fed to set it… */
  readonly words: string;
  /** …by asking for this. */
  readonly written: string;
  readonly read: string;
}

interface Variable {
  readonly port: StatePort;
  readonly nodes: readonly NodeDef[];
  /** What the step reads. */
  readonly value: TensorFlowValue;
  /** What the step writes it with. */
  assign(value: TensorFlowValue): NodeDef;
}

/** A float32 variable; `done` is a node that any run may ask for. */
export function variable(index: number, name: string, shape: readonly number[], done: string): Variable {
  const own = (part: string): string => `state_${index}${part}`;
  const dtype: DType = 'float32';
  const handle = own('');
  const port = { name, shape, words: own('_words'), written: own('_written'), read: own('_read') };
  const words: readonly AttrEntry[] = [
    attribute('dtype', typed('int32')),
    attribute('shape', { shape: shapeProto(shape) }),
  ];
  const assignment = (node: string, value: string): NodeDef => ({
    name: node,
    op: 'AssignVariableOp',
    input: [handle, value],
    attr: [attribute('dtype', typed(dtype))],
  });
  const nodes: readonly NodeDef[] = [
    {
      name: handle,
      op: 'VarHandleOp',
      attr: [
        attribute('dtype', typed(dtype)),
        attribute('shape', { shape: shapeProto(shape) }),
        attribute('shared_name', { s: new TextEncoder().encode(handle) }),
      ],
    },
    { name: own('_value'), op: 'ReadVariableOp', input: [handle], attr: [attribute('dtype', typed(dtype))] },
    { name: port.words, op: 'Placeholder', attr: words },
    {
      name: own('_given'),
      op: 'Bitcast',
      input: [port.words],
      attr: [attribute('T', typed('int32')), attribute('type', typed(dtype))],
    },
    assignment(own('_set'), own('_given')),
    identity(port.written, done, 'int32', [own('_set')]),
    identity(port.read, own('_value'), dtype),
  ];
  return {
    port,
    nodes,
    value: { name: own('_value'), dtype },
    assign: (value) => assignment(own('_next'), value.name),
  };
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
