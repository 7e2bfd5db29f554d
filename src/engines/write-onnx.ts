/**
 * A graph as an ONNX model. Large constants are not copied into it: they are handed to ONNX Runtime, or to a file, beside the model
 * as external data, which also lifts protobuf's limit of 2 GB.
 */
import type { OnnxAttribute, OnnxSite, OnnxWriter, OptionalOperator } from '../graph/define.ts';
import { constantOf, nameOf } from '../graph/ir.ts';
import type { Graph, Node, Value } from '../graph/ir.ts';
import { onnxType } from '../graph/onnx-types.ts';
import { lower } from '../graph/passes/lower.ts';
import { lookUp } from '../graph/registry.ts';
import { bindDim, formatDim, isStatic } from '../graph/shape.ts';
import type { Dim, Shape, SymbolicDim } from '../graph/shape.ts';
import { bytesUnder, int64, isHalfType, zeros } from '../graph/tensor.ts';
import type { DType, Tensor } from '../graph/tensor.ts';
import { bitsOf } from '../formats/half.ts';
import type { AttributeProto, ModelProto, NodeProto, TensorProto, ValueInfoProto } from '../formats/onnx-proto.ts';

/** Gelu came with opset 20; ONNX Runtime reads it since 1.17. */
const OPSET = 20;
const IR_VERSION = 9;
/** Constants up to this size stay in the model. */
const MAX_INLINE_BYTES = 1024;
/** So do integers, which are shapes and sizes: ONNX Runtime's shape inference reads them, and only there. */
const MAX_INLINE_INTEGER_BYTES = 2 ** 16;

export interface OnnxOptions {
  /** What the reader computes of the operators that not every one does. */
  readonly operators: ReadonlySet<OptionalOperator>;
  readonly metadata?: Readonly<Record<string, string>>;
  /** The name of a first output that is an empty sequence, for what reads no further than to it (onnxruntime.ts). */
  readonly endOfResults?: string | undefined;
}

/** Of ONNX itself: what every runtime reads. */
export const STANDARD_OPERATORS: ReadonlySet<OptionalOperator> = new Set([
  'LogSoftmax',
  'MaxPoolIndices',
  'TransposedGemm',
]);

export interface WrittenModel {
  readonly model: ModelProto;
  /** External data: what the file named `path` would hold. */
  readonly external: readonly { readonly path: string; readonly tensor: Tensor }[];
}

export function writeOnnx(graph: Graph, options: OnnxOptions): WrittenModel {
  const writer = new Writer(lower(graph), options);
  return writer.finish();
}

class Writer implements OnnxWriter {
  readonly #operators: ReadonlySet<OptionalOperator>;
  readonly #graph: Graph;
  readonly #metadata: Readonly<Record<string, string>>;
  readonly #endOfResults: string | undefined;
  readonly #nodes: NodeProto[] = [];
  readonly #initializers = new Map<string, TensorProto>();
  readonly #external: { path: string; tensor: Tensor }[] = [];
  readonly #names = new Map<Value, string>();
  readonly #taken = new Set<string>();
  #site = '';
  #fresh = 0;

  constructor(graph: Graph, { operators, metadata = {}, endOfResults }: OnnxOptions) {
    this.#operators = operators;
    this.#graph = graph;
    this.#metadata = metadata;
    this.#endOfResults = endOfResults;
    for (const input of graph.inputs) this.#take(input, nameOf(input)!);
    for (const name of graph.outputs.keys()) this.#taken.add(name);
  }

  finish(): WrittenModel {
    this.#nameOutputs();
    for (const node of this.#graph.nodes) this.#write(node);
    const outputs: ValueInfoProto[] = [...this.#graph.outputs].map(([name, value]) => {
      // An output that another name holds already (an input, a constant, a value under two names) is copied by one node.
      if (this.#names.get(value) !== name) this.node('Identity', [this.#nameOf(value)], [name]);
      return valueInfo(name, value);
    });
    if (this.#endOfResults !== undefined) {
      this.node('SequenceEmpty', [], [this.#endOfResults]);
      outputs.unshift({ name: this.#endOfResults });
    }
    const used = new Set(this.#nodes.flatMap(({ input }) => input));
    const model: ModelProto = {
      irVersion: IR_VERSION,
      producerName: 'lowrank',
      opsetImport: [
        { domain: '', version: OPSET },
        ...(this.#nodes.some(({ domain }) => domain !== '') ? [{ domain: 'com.microsoft', version: 1 }] : []),
      ],
      metadataProps: Object.entries(this.#metadata).map(([key, value]) => ({ key, value })),
      graph: {
        name: 'lowrank',
        node: inOrderOfMemory(this.#nodes),
        initializer: [...this.#initializers.values()],
        // What is fed but not read would be refused by ONNX Runtime as an unknown input otherwise; it is declared all the same.
        input: this.#graph.inputs.map((input) => valueInfo(nameOf(input)!, input)),
        output: outputs,
      },
    };
    return { model, external: this.#external.filter(({ path }) => used.has(path)) };
  }

  /** Node results that are outputs get the output's name at once. */
  #nameOutputs(): void {
    for (const [name, value] of this.#graph.outputs) {
      if (value.source.kind === 'node' && !this.#names.has(value)) this.#names.set(value, name);
    }
  }

  #write(node: Node): void {
    const { onnx } = lookUp(node.op);
    if (onnx === undefined) throw new Error(`${node.op} was not expanded`);
    this.#site = node.module ?? '';
    const site: OnnxSite = {
      inputs: node.inputs,
      outputs: node.outputs,
      attributes: node.attributes,
      names: node.inputs.map((input) => (input === undefined ? '' : this.#nameOf(input))),
      results: node.outputs.map((output) => this.#nameOf(output)),
    };
    onnx(this, site);
  }

  #nameOf(value: Value): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const tensor = constantOf(value);
    if (tensor !== undefined) {
      const name = this.#take(value, nameOf(value) ?? `constant_${value.id}`);
      this.#initialize(name, tensor);
      return name;
    }
    return this.#take(value, `value_${value.id}`);
  }

  #take(value: Value, wanted: string): string {
    const name = this.#taken.has(wanted) ? `${wanted}_${value.id}` : wanted;
    this.#taken.add(name);
    this.#names.set(value, name);
    return name;
  }

  #initialize(name: string, tensor: Tensor): void {
    const bytes = bytesUnder(tensor);
    const header = { name, dims: [...tensor.shape], dataType: onnxType(tensor.dtype) };
    const inline = tensor.dtype === 'int64' ? MAX_INLINE_INTEGER_BYTES : MAX_INLINE_BYTES;
    if (bytes.byteLength <= inline) {
      this.#initializers.set(name, { ...header, rawData: bytes });
      return;
    }
    this.#external.push({ path: name, tensor });
    const externalData = [
      { key: 'location', value: name },
      { key: 'offset', value: '0' },
      { key: 'length', value: String(bytes.byteLength) },
    ];
    this.#initializers.set(name, { ...header, externalData, dataLocation: 1 });
  }

  node(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute | undefined>> = {},
    domain: 'com.microsoft' | '' = '',
  ): void {
    const name = `${this.#site === '' ? '' : `${this.#site}/`}${type}_${this.#nodes.length}`;
    const attribute = Object.entries(attributes).flatMap(([key, value]) =>
      value === undefined ? [] : [attributeProto(key, value)],
    );
    this.#nodes.push({ opType: type, name, domain, input: trimmed(inputs), output: [...outputs], attribute });
  }

  has(operator: OptionalOperator): boolean {
    return this.#operators.has(operator);
  }

  fresh(hint: string): string {
    return `${hint}__${this.#fresh++}`;
  }

  ints(values: readonly number[]): string {
    return this.#literal(`ints_${values.join('_')}`, () => int64([values.length], values));
  }

  scalar(value: number, dtype: DType): string {
    return this.filled(value, [], dtype);
  }

  filled(value: number, shape: Shape, dtype: DType): string {
    const dims = shape.map((dim) => bindDim(dim, {}));
    return this.#literal(`${dtype}_${value}_${dims.join('x')}`, () => {
      const { data, ...tensor } = zeros(dtype, dims);
      if (data instanceof BigInt64Array) data.fill(BigInt(value));
      // Halves are held as their bits.
      else data.fill(isHalfType(dtype) ? bitsOf(value, dtype) : value);
      return { ...tensor, data };
    });
  }

  #literal(name: string, make: () => Tensor): string {
    if (!this.#initializers.has(name)) this.#initialize(name, make());
    return name;
  }

  shape(shape: Shape): string {
    if (isStatic(shape)) return this.ints(shape);
    const result = this.fresh('shape');
    this.node(
      'Concat',
      shape.map((dim) => (typeof dim === 'number' ? this.ints([dim]) : this.#length(dim))),
      [result],
      { axis: { int: 0 } },
    );
    return result;
  }

  /** A symbolic dimension as an int64 vector of one, read from the inputs that carry its symbols. */
  #length({ factor, symbols }: SymbolicDim): string {
    return symbols.reduce<string>(
      (product, name) => {
        const result = this.fresh('length');
        this.node('Mul', [product, this.#symbol(name)], [result]);
        return result;
      },
      this.ints([factor]),
    );
  }

  #symbol(name: string): string {
    const carries = (dim: Dim): boolean => typeof dim !== 'number' && dim.factor === 1 && dim.symbols.join() === name;
    const input = this.#graph.inputs.find(({ shape }) => shape.some(carries));
    if (input === undefined) throw new Error(`no input has a dimension ${name}`);
    const axis = input.shape.findIndex(carries);
    const result = this.fresh(`length_of_${name}`);
    this.node('Shape', [this.#nameOf(input)], [result], { start: { int: axis }, end: { int: axis + 1 } });
    return result;
  }
}

/**
 * ONNX Runtime orders nodes itself: depth first, from the last node that nothing reads. Written in the order of the backward pass that would
 * be the gradient of the lowest layer, which needs the whole pass; the gradients of all other layers would be computed after it and
 * everything that they read kept until then (1.5 times the memory of a ResNet-18 step). So such nodes are written last and in reverse.
 */
function inOrderOfMemory(nodes: readonly NodeProto[]): NodeProto[] {
  const read = new Set(nodes.flatMap(({ input = [] }) => input));
  const isLeaf = ({ output = [] }: NodeProto): boolean => !output.some((name) => read.has(name));
  return [...nodes.filter((node) => !isLeaf(node)), ...nodes.filter(isLeaf).reverse()];
}

/** Absent optional inputs at the end are left out, not written as ''. */
function trimmed(inputs: readonly string[]): string[] {
  const last = inputs.findLastIndex((input) => input !== '');
  return inputs.slice(0, last + 1);
}

function valueInfo(name: string, { shape, dtype }: Value): ValueInfoProto {
  const dim = shape.map((length) =>
    typeof length === 'number' ? { dimValue: length } : { dimParam: formatDim(length) },
  );
  return { name, type: { tensorType: { elemType: onnxType(dtype), shape: { dim } } } };
}

const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, ints: 7 } as const;

function attributeProto(name: string, value: OnnxAttribute): AttributeProto {
  if ('float' in value) return { name, type: ATTRIBUTE_TYPE.float, f: value.float };
  if ('int' in value) return { name, type: ATTRIBUTE_TYPE.int, i: value.int };
  if ('ints' in value) return { name, type: ATTRIBUTE_TYPE.ints, ints: [...value.ints] };
  return { name, type: ATTRIBUTE_TYPE.string, s: new TextEncoder().encode(value.string) };
}
