/**
 * A graph as a TensorFlow SavedModel. Large frozen weights are variables, fed once (savedmodel-state.ts), small ones constants; inputs are
 * placeholders of 32-bit words (tensorflow-ports.ts).
 */
import { bitsOf } from '../formats/half.ts';
import type { AttrEntry, NodeDef } from '../formats/savedmodel-proto.ts';
import type { TensorFlowAttribute, TensorFlowSite, TensorFlowValue, TensorFlowWriter } from '../graph/define.ts';
import { constantOf, nameOf } from '../graph/ir.ts';
import type { Graph, Node, Value } from '../graph/ir.ts';
import { lower } from '../graph/passes/lower.ts';
import { lookUp } from '../graph/registry.ts';
import { elements, isStatic } from '../graph/shape.ts';
import type { Shape, SymbolicDim } from '../graph/shape.ts';
import { bytesOf, isHalfType, sizeOf, zeros } from '../graph/tensor.ts';
import type { DType, Tensor } from '../graph/tensor.ts';
import { permuted } from './permute.ts';
import {
  attribute,
  attrValue,
  compiled,
  constantNode,
  nodeName,
  savedModelPieces,
  shapeProto,
  signatureOf,
  typed,
} from './savedmodel-nodes.ts';
import { frozenVariables, identity, isVariable, stateWritten, variable } from './savedmodel-state.ts';
import type { StatePort, WrittenSavedModel } from './savedmodel-state.ts';
import { isDirect, isJoint, JOINT_INPUT, JOINT_OUTPUT, wordPort } from './tensorflow-ports.ts';
import type { InPort, OutPort } from './tensorflow-ports.ts';

export interface SavedModelOptions {
  /** Images are convolved as [N, C, H, W], which TensorFlow does on a GPU alone. */
  readonly channelsFirst: boolean;
  /** Inputs that are kept between runs, with the outputs that replace them. */
  readonly state?: ReadonlyMap<string, string> | undefined;
  /** XLA compiles all of it as one; every op must be one that XLA knows. */
  readonly compiled?: boolean;
}

/** Throws an `InputError` for a model whose constants do not fit into one file of 2 GB. */
export function writeSavedModel(graph: Graph, options: SavedModelOptions): WrittenSavedModel {
  return new Writer(lower(graph), options).finish();
}

class Writer implements TensorFlowWriter {
  readonly channelsFirst: boolean;
  readonly #graph: Graph;
  readonly #nodes: NodeDef[] = [];
  /** What is no part of the step: inputs and outputs, and what other runs need. */
  readonly #apart: NodeDef[] = [];
  readonly #compiled: boolean;
  readonly #constants = new Map<string, Tensor>();
  readonly #literals = new Map<string, TensorFlowValue>();
  readonly #frozen = new Map<Tensor, TensorFlowValue>();
  readonly #values = new Map<Value, TensorFlowValue>();
  readonly #inputs: InPort[] = [];
  readonly #kept: ReadonlyMap<string, string>;
  readonly #state: StatePort[] = [];
  /** Nodes that must have run before any output is told. */
  readonly #assignments: string[] = [];
  /** Where a symbol's length is read, as a vector of one. */
  readonly #lengths = new Map<string, () => TensorFlowValue>();
  #site = '';

  constructor(graph: Graph, { channelsFirst, state = new Map(), compiled: isCompiled = false }: SavedModelOptions) {
    this.#compiled = isCompiled;
    this.#graph = graph;
    this.channelsFirst = channelsFirst;
    this.#kept = state;
  }

  finish(): WrittenSavedModel {
    const assignments = this.#readState();
    const fedInputs = this.#graph.inputs.filter((input) => !this.#values.has(input));
    this.#readJointInput(fedInputs.filter(isJoint));
    fedInputs.forEach((input, index) => {
      if (!isJoint(input)) this.#values.set(input, this.#input(input, index));
    });
    for (const node of this.#graph.nodes) this.#write(node);
    this.#site = '';
    for (const assign of assignments) assign();
    const kept = new Set(this.#kept.values());
    const told = [...this.#graph.outputs].filter(([name]) => !kept.has(name));
    const joint = this.#writeJointOutput(told.map(([, value]) => value).filter(isJoint));
    const outputs = told.map(([name, value], index) => ({
      name,
      dtype: value.dtype,
      ...(joint.get(value) ?? this.#output(value, index)),
    }));
    const read = new Set(this.#nodes.flatMap(({ input = [] }) => input.map((name) => name.replace(/:\d+$/, ''))));
    const constants = [...this.#constants].filter(([name]) => read.has(name));
    const frozen = frozenVariables(new Map(constants.filter(([, tensor]) => isVariable(tensor))));
    const small = constants.filter(([, tensor]) => !isVariable(tensor)).map((constant) => constantNode(...constant));
    const step = [...small, ...frozen.nodes.step, ...this.#nodes];
    const nodes = [...(this.#compiled ? step.map(compiled) : step), ...frozen.nodes.apart, ...this.#apart];
    const pieces = savedModelPieces(nodes, signatureOf(this.#inputs, outputs));
    return { pieces, inputs: this.#inputs, outputs, state: this.#state, frozen: frozen.ports };
  }

  /** Declares what is kept; returns what writes its next values once they are known. */
  #readState(): (() => void)[] {
    if (this.#kept.size > 0) this.#apart.push(...stateWritten(this.#kept.size));
    return [...this.#kept].map(([name, next], index) => {
      const input = this.#graph.inputs.find((candidate) => nameOf(candidate) === name)!;
      const kept = variable(index, name, input.shape as readonly number[]);
      for (const node of kept.nodes.step) this.#push(node);
      this.#apart.push(...kept.nodes.apart);
      this.#state.push(kept.port);
      this.#values.set(input, kept.value);
      return () => {
        const node = kept.assign(this.#valueOf(this.#graph.outputs.get(next)!));
        this.#push(node);
        this.#assignments.push(node.name);
      };
    });
  }

  #write(node: Node): void {
    const { tensorflow } = lookUp(node.op);
    if (tensorflow === undefined) throw new Error(`${node.op} was not expanded`);
    this.#site = node.module ?? '';
    const site: TensorFlowSite = {
      inputs: node.inputs,
      outputs: node.outputs,
      attributes: node.attributes,
      operands: node.inputs.map((input) => input && this.#valueOf(input)),
    };
    const written = tensorflow(this, site);
    const results = 'name' in written ? [written] : written;
    results.forEach((result, index) => {
      this.#values.set(node.outputs[index]!, result);
    });
  }

  #valueOf(value: Value): TensorFlowValue {
    const known = this.#values.get(value);
    if (known !== undefined) return known;
    const tensor = constantOf(value);
    if (tensor === undefined) throw new Error('a value is read before it is written');
    const written = this.constant(tensor);
    this.#values.set(value, written);
    return written;
  }

  /** One placeholder, and each input as its part. */
  #readJointInput(inputs: readonly Value[]): void {
    if (inputs.length === 0) return;
    const sizes = inputs.map(({ shape }) => sizeOf(shape as readonly number[]));
    const total = sizes.reduce((sum, size) => sum + size);
    const floats = this.#readAs(this.#placeholder(JOINT_INPUT, [total]), 'float32');
    const first = this.typed('SplitV', [floats, this.ints(sizes), this.scalar(0, 'int32')], {
      num_split: { int: sizes.length },
      Tlen: { type: 'int32' },
    });
    let offset = 0;
    inputs.forEach((input, index) => {
      const { shape, dtype } = input;
      this.#values.set(input, this.reshape(this.output(first, index), shape));
      const port = { name: nameOf(input)!, type: { shape, dtype }, node: JOINT_INPUT, offset };
      this.#inputs.push({ ...port, leading: 0, shapeNode: undefined });
      offset += sizes[index]!;
    });
  }

  /** One node, and which part of it each output is. */
  #writeJointOutput(outputs: readonly Value[]): ReadonlyMap<Value, Omit<OutPort, 'name' | 'dtype'>> {
    const parts = new Map<Value, Omit<OutPort, 'name' | 'dtype'>>();
    const flat: TensorFlowValue[] = [];
    let offset = 0;
    for (const value of new Set(outputs)) {
      const shape = value.shape as readonly number[];
      flat.push(this.typed('Reshape', [this.#valueOf(value), this.ints([-1])]));
      parts.set(value, { node: JOINT_OUTPUT, part: { offset, shape } });
      offset += sizeOf(shape);
    }
    const [first] = flat;
    if (first === undefined) return parts;
    const all =
      flat.length === 1
        ? first
        : this.typed('ConcatV2', [...flat, this.scalar(0, 'int32')], { N: { int: flat.length } });
    this.#tell(JOINT_OUTPUT, all.name, 'float32');
    return parts;
  }

  /** A placeholder of words, and what makes the input of them. */
  #input(input: Value, index: number): TensorFlowValue {
    const { shape, dtype } = input;
    const node = `input_${index}`;
    const port = wordPort(shape, dtype);
    const words = this.#placeholder(node, port.words);
    const lengths = port.needsShape ? this.#placeholder(`${node}_shape`, [shape.length]) : undefined;
    this.#inputs.push({
      name: nameOf(input)!,
      type: { shape, dtype },
      node,
      offset: undefined,
      leading: port.leading,
      shapeNode: lengths?.name,
    });

    let shapeOfWords: TensorFlowValue | undefined;
    const told = (): TensorFlowValue =>
      lengths ?? (shapeOfWords ??= this.typed('Shape', [words], { out_type: { type: 'int32' } }, 'int32'));
    shape.forEach((dim, axis) => {
      if (typeof dim === 'number' || dim.factor !== 1 || dim.symbols.length !== 1) return;
      if (!this.#lengths.has(dim.symbols[0]!)) this.#lengths.set(dim.symbols[0]!, () => this.#elementOf(told(), axis));
    });

    const read = this.#readAs(words, dtype);
    if (bytesOf(dtype) >= bytesOf('int32')) return read;
    if (port.isWhole) return this.reshape(read, shape);
    // The last word may hold more than the last element.
    const flat = this.typed('Reshape', [read, this.ints([-1])]);
    const size = lengths === undefined ? this.ints([elements(shape) as number]) : this.#product(lengths);
    const cut = this.typed('Slice', [flat, this.ints([0]), size], { Index: { type: 'int32' } });
    return this.typed('Reshape', [cut, lengths ?? this.shape(shape)]);
  }

  /** An output, told once all that is kept has been written. */
  #tell(name: string, value: string, dtype: DType): void {
    if (!this.#compiled) {
      this.#push(identity(name, value, dtype, this.#assignments));
      return;
    }
    this.#push(identity(`${name}_compiled`, value, dtype, this.#assignments));
    // What leaves a compiled part must leave it by this.
    const attr = [attribute('T', typed(dtype))];
    this.#apart.push(
      { name: `${name}_left`, op: 'XlaClusterOutput', input: [`${name}_compiled`], attr },
      identity(name, `${name}_left`, dtype),
    );
  }

  #placeholder(name: string, shape: Shape): TensorFlowValue {
    this.#apart.push({
      name,
      op: 'Placeholder',
      attr: [attribute('dtype', typed('int32')), attribute('shape', { shape: shapeProto(shape) })],
    });
    return { name, dtype: 'int32' };
  }

  /** Words as elements of a type; of one that is narrower, the elements of a word make an axis more. */
  #readAs(words: TensorFlowValue, dtype: DType): TensorFlowValue {
    if (dtype === 'int32') return words;
    const element = dtype === 'bool' ? 'uint8' : dtype;
    const name = this.#node(
      'Bitcast',
      [words.name],
      [attribute('T', typed('int32')), attribute('type', typed(element))],
    );
    return this.cast({ name, dtype: element }, dtype);
  }

  #output(value: Value, index: number): Omit<OutPort, 'name' | 'dtype'> {
    const { dtype } = value;
    const x = this.#valueOf(value);
    const node = `output_${index}`;
    if (isDirect(dtype)) {
      this.#tell(node, x.name, dtype);
    } else {
      // Halves and unsigned words as their bits, which TensorFlow widens without a sign.
      const bits = isHalfType(dtype) ? 'uint16' : dtype;
      const from =
        bits === dtype
          ? x.name
          : this.#node('Bitcast', [x.name], [attribute('T', typed(dtype)), attribute('type', typed(bits))]);
      const wide = this.#node('Cast', [from], [attribute('SrcT', typed(bits)), attribute('DstT', typed('int32'))]);
      this.#tell(node, wide, 'int32');
    }
    return { node, part: undefined };
  }

  node(
    type: string,
    inputs: readonly TensorFlowValue[],
    attributes: Readonly<Record<string, TensorFlowAttribute>> = {},
    dtype: DType = inputs[0]!.dtype,
  ): TensorFlowValue {
    const attr = Object.entries(attributes).map(([key, value]) => attribute(key, attrValue(value)));
    return {
      name: this.#node(
        type,
        inputs.map(({ name }) => name),
        attr,
      ),
      dtype,
    };
  }

  typed(
    type: string,
    inputs: readonly TensorFlowValue[],
    attributes: Readonly<Record<string, TensorFlowAttribute>> = {},
    dtype?: DType,
  ): TensorFlowValue {
    return this.node(type, inputs, { T: { type: inputs[0]!.dtype }, ...attributes }, dtype);
  }

  #node(op: string, input: readonly string[], attr: readonly AttrEntry[]): string {
    const name = nodeName(this.#site, `${op}_${this.#nodes.length}`);
    this.#push({ name, op, input, attr });
    return name;
  }

  #push(node: NodeDef): void {
    this.#nodes.push(node);
  }

  output({ name, dtype }: TensorFlowValue, index: number): TensorFlowValue {
    return { name: index === 0 ? name : `${name}:${index}`, dtype };
  }

  cast(x: TensorFlowValue, to: DType): TensorFlowValue {
    return x.dtype === to ? x : this.node('Cast', [x], { SrcT: { type: x.dtype }, DstT: { type: to } }, to);
  }

  constant(tensor: Tensor): TensorFlowValue {
    const known = this.#frozen.get(tensor);
    if (known !== undefined) return known;
    const value = { name: `constant_${this.#constants.size}`, dtype: tensor.dtype };
    this.#constants.set(value.name, tensor);
    this.#frozen.set(tensor, value);
    return value;
  }

  /** Equal literals are one constant. */
  #literal(key: string, make: () => Tensor): TensorFlowValue {
    const known = this.#literals.get(key);
    if (known !== undefined) return known;
    const value = this.constant(make());
    this.#literals.set(key, value);
    return value;
  }

  scalar(value: number, dtype: DType): TensorFlowValue {
    return this.#literal(`${dtype} ${Object.is(value, -0) ? '-0' : value}`, () => {
      const { data, ...tensor } = zeros(dtype, []);
      if (data instanceof BigInt64Array) data[0] = BigInt(value);
      // Halves are held as their bits.
      else data[0] = isHalfType(dtype) ? bitsOf(value, dtype) : value;
      return { ...tensor, data };
    });
  }

  ints(values: readonly number[]): TensorFlowValue {
    return this.#literal(`ints ${values.join()}`, () => ({
      dtype: 'int32',
      shape: [values.length],
      data: Int32Array.from(values),
    }));
  }

  shape(shape: Shape): TensorFlowValue {
    if (isStatic(shape)) return this.ints(shape);
    const lengths = shape.map((dim) => (typeof dim === 'number' ? this.ints([dim]) : this.#length(dim)));
    if (lengths.length === 1) return lengths[0]!;
    return this.typed('ConcatV2', [...lengths, this.scalar(0, 'int32')], { N: { int: lengths.length } });
  }

  /** A symbolic dimension as a vector of one, read from the inputs that carry its symbols. */
  #length({ factor, symbols }: SymbolicDim): TensorFlowValue {
    const lengths = symbols.map((name) => {
      const length = this.#lengths.get(name);
      if (length === undefined) throw new Error(`no input has a dimension ${name}`);
      return length();
    });
    const all = factor === 1 ? lengths : [...lengths, this.ints([factor])];
    return all.reduce((product, length) => this.typed('Mul', [product, length]));
  }

  #elementOf(vector: TensorFlowValue, index: number): TensorFlowValue {
    const [from, to, by] = [this.ints([index]), this.ints([index + 1]), this.ints([1])];
    return this.typed('StridedSlice', [vector, from, to, by], { Index: { type: 'int32' } });
  }

  /** Of all numbers of a vector, as a vector of one. */
  #product(vector: TensorFlowValue): TensorFlowValue {
    return this.typed('Prod', [vector, this.ints([0])], { keep_dims: { bool: true } });
  }

  reshape(x: TensorFlowValue, shape: Shape): TensorFlowValue {
    // Without computing a shape: −1 is whatever is left.
    const lengths = shape.map((dim) => (typeof dim === 'number' ? dim : -1));
    const unknown = lengths.filter((length) => length === -1).length;
    return this.typed('Reshape', [x, unknown > 1 ? this.shape(shape) : this.ints(lengths)]);
  }

  transpose(x: TensorFlowValue, permutation: readonly number[]): TensorFlowValue {
    const tensor = this.#constants.get(x.name);
    if (tensor === undefined) return this.typed('Transpose', [x, this.ints(permutation)]);
    return this.#literal(`${x.name} ${permutation.join()}`, () => permuted(tensor, permutation));
  }
}
