/**
 * The intermediate representation: a list of nodes in the order they run. Values know their graph, so an expression reads
 * `add(matmul(x, w), b)`. Nothing edits a graph but `apply`: a pass writes a new one (rewrite.ts).
 */
import { formatShape } from './shape.ts';
import type { Shape } from './shape.ts';
import type { DType, Tensor } from './tensor.ts';

export type Attribute = number | string | boolean | Shape | undefined;
export type Attributes = Readonly<Record<string, Attribute>>;

export interface ValueType {
  readonly shape: Shape;
  readonly dtype: DType;
}

export interface Value extends ValueType {
  readonly graph: Graph;
  readonly id: number;
  readonly source: Source;
}

export type Source =
  /** Fed at each run; a trainable input is one that gradients are asked for. */
  | { readonly kind: 'input'; readonly name: string; readonly trainable: boolean }
  /** Frozen. `name` is its key in the base's state dict, where it has one. */
  | { readonly kind: 'constant'; readonly name: string | undefined; readonly tensor: Tensor }
  | { readonly kind: 'node'; readonly node: Node; readonly index: number };

export interface Node {
  readonly op: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
  /** Path of the module this node computes, `vit.layers.0.attention.q_proj`: where an adapter may go. */
  readonly module: string | undefined;
}

/** Types of an op's outputs from its inputs; throws ShapeError. */
export type ShapeRule = (inputs: readonly (Value | undefined)[], attributes: Attributes) => readonly ValueType[];

/** Made by `createGraph` (registry.ts), which knows the ops' shape rules. */
export class Graph {
  readonly nodes: Node[] = [];
  readonly inputs: Value[] = [];
  readonly outputs = new Map<string, Value>();
  readonly #ruleOf: (op: string) => ShapeRule;
  readonly #constants = new Map<Tensor, Value>();
  readonly #scalars = new Map<string, Tensor>();
  #count = 0;

  constructor(ruleOf: (op: string) => ShapeRule) {
    this.#ruleOf = ruleOf;
  }

  /** A graph of the same ops with nothing in it. */
  empty(): Graph {
    return new Graph(this.#ruleOf);
  }

  #value(type: ValueType, source: Source): Value {
    return { graph: this, id: this.#count++, shape: type.shape, dtype: type.dtype, source };
  }

  input(name: string, shape: Shape, dtype: DType = 'float32', { trainable = false } = {}): Value {
    if (this.inputs.some((input) => nameOf(input) === name)) throw new Error(`input ${name} exists already`);
    const value = this.#value({ shape, dtype }, { kind: 'input', name, trainable });
    this.inputs.push(value);
    return value;
  }

  /** A frozen tensor; the same tensor object gives the same value. */
  constant(tensor: Tensor, name?: string): Value {
    const existing = this.#constants.get(tensor);
    if (existing !== undefined) return existing;
    const value = this.#value(tensor, { kind: 'constant', name, tensor });
    this.#constants.set(tensor, value);
    return value;
  }

  /** A frozen scalar; equal numbers share one value. */
  scalar(number: number, dtype: 'float32' | 'int64' | 'int32' = 'float32'): Value {
    const key = `${dtype} ${Object.is(number, -0) ? '-0' : number}`;
    let tensor = this.#scalars.get(key);
    if (tensor === undefined) {
      const integer = dtype === 'int64' ? BigInt64Array.of(BigInt(number)) : Int32Array.of(number);
      tensor = { dtype, shape: [], data: dtype === 'float32' ? Float32Array.of(number) : integer };
      this.#scalars.set(key, tensor);
    }
    return this.constant(tensor);
  }

  /** Appends a node; the types of its outputs come from the op's rule. */
  apply(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}, module?: string): Value[] {
    for (const input of inputs) {
      if (input !== undefined && input.graph !== this) throw new Error(`${op}: an input belongs to another graph`);
    }
    const types = this.#infer(op, inputs, attributes, module);
    const outputs: Value[] = [];
    const node: Node = { op, inputs, outputs, attributes, module };
    types.forEach((type, index) => outputs.push(this.#value(type, { kind: 'node', node, index })));
    this.nodes.push(node);
    return outputs;
  }

  #infer(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes, module: string | undefined) {
    try {
      return this.#ruleOf(op)(inputs, attributes);
    } catch (error) {
      const shapes = inputs.map((input) => (input === undefined ? '–' : formatShape(input.shape))).join(', ');
      if (error instanceof Error) error.message = `${op}(${shapes})${module ? ` of ${module}` : ''}: ${error.message}`;
      throw error;
    }
  }

  output(name: string, value: Value): void {
    this.outputs.set(name, value);
  }
}

/** The frozen tensor behind a value, if it is a constant. */
export function constantOf(value: Value | undefined): Tensor | undefined {
  return value?.source.kind === 'constant' ? value.source.tensor : undefined;
}

export function isTrainable(value: Value): boolean {
  return value.source.kind === 'input' && value.source.trainable;
}

/** The input's or the constant's name; undefined for what a node computes. */
export function nameOf(value: Value): string | undefined {
  return value.source.kind === 'node' ? undefined : value.source.name;
}

/** The output type of an op that keeps its input's. */
export function like(value: Value, shape: Shape = value.shape): ValueType {
  return { shape, dtype: value.dtype };
}
