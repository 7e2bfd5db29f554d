/**
 * What an op is. Each has one home, `ops/<op>.ts`: its shape rule, its gradient, how an engine is told to compute it, what it
 * costs, and the cases that test it. `ops/index.ts` lists them.
 */
import type { Attributes, Value, ValueType } from './ir.ts';
import type { Shape } from './shape.ts';
import type { DType, Tensor } from './tensor.ts';

type Operands = readonly (Value | undefined)[];

/** A node as its gradient and its expansion see it. */
export interface Applied<Inputs extends Operands = Operands, A = Attributes> {
  readonly inputs: Inputs;
  readonly outputs: readonly Value[];
  readonly attributes: A;
}

/** Called only when that input's gradient is needed; undefined where an input has none. */
export type LazyGradient = (() => Value) | undefined;

export type OnnxAttribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly string: string };

/**
 * Operators that not every reader of ONNX computes, or computes where the rest of the graph runs; without one its form is written of others.
 * `MaxPoolIndices` is MaxPool's second output, `TransposedGemm` a Gemm that reads transposed operands as fast as others.
 */
export type OptionalOperator = 'FusedMatMul' | 'LogSoftmax' | 'MaxPoolIndices' | 'TransposedGemm';

/** What an ONNX form writes with. Values go by their names in the file; `''` is an absent optional input. */
export interface OnnxWriter {
  has(operator: OptionalOperator): boolean;
  node(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes?: Readonly<Record<string, OnnxAttribute | undefined>>,
    domain?: 'com.microsoft',
  ): void;
  /** A fresh name for a value between two nodes of one form. */
  fresh(hint: string): string;
  /** A constant int64 vector. */
  ints(values: readonly number[]): string;
  /** An int64 vector holding a shape; symbolic dimensions are read from the graph's inputs when it runs. */
  shape(shape: Shape): string;
  /** A constant scalar. */
  scalar(value: number, dtype: DType): string;
  /** A constant of known shape, one value throughout. */
  filled(value: number, shape: Shape, dtype: DType): string;
}

/** A node as its ONNX form sees it: names to write, types to choose by. */
export interface OnnxSite<Inputs extends Operands = Operands, A = Attributes> extends Applied<Inputs, A> {
  readonly names: { readonly [K in keyof Inputs]: string };
  readonly results: readonly string[];
}

/** A tensor of a TensorFlow graph: what a node of that name puts out. */
export interface TensorFlowValue {
  readonly name: string;
  readonly dtype: DType;
}

export type TensorFlowAttribute =
  | { readonly type: DType }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly bool: boolean }
  | { readonly string: string };

type TensorFlowAttributes = Readonly<Record<string, TensorFlowAttribute>>;

/** What a TensorFlow form writes with: expressions, whose values are handed from node to node. */
export interface TensorFlowWriter {
  /** Images are convolved as they lie, [N, C, H, W]; on the CPU TensorFlow convolves [N, H, W, C] alone (tensorflow-images.ts). */
  readonly channelsFirst: boolean;
  /** One node; `dtype` is what it puts out, the first input's type where left out. */
  node(
    type: string,
    inputs: readonly TensorFlowValue[],
    attributes?: TensorFlowAttributes,
    dtype?: DType,
  ): TensorFlowValue;
  /** A node whose attribute T is the type of its first input. */
  typed(
    type: string,
    inputs: readonly TensorFlowValue[],
    attributes?: TensorFlowAttributes,
    dtype?: DType,
  ): TensorFlowValue;
  /** Another output of the node whose first one is given. */
  output(first: TensorFlowValue, index: number): TensorFlowValue;
  constant(tensor: Tensor): TensorFlowValue;
  scalar(value: number, dtype: DType): TensorFlowValue;
  /** A constant int32 vector: what TensorFlow takes axes and lengths as. */
  ints(values: readonly number[]): TensorFlowValue;
  /** An int32 vector holding a shape; symbolic dimensions are read from the graph's inputs when it runs. */
  shape(shape: Shape): TensorFlowValue;
  reshape(x: TensorFlowValue, shape: Shape): TensorFlowValue;
  /** To another element type, if it is another. */
  cast(x: TensorFlowValue, to: DType): TensorFlowValue;
  /** Of a constant the result is a constant: frozen weights are turned before the graph runs, not at each step. */
  transpose(x: TensorFlowValue, permutation: readonly number[]): TensorFlowValue;
}

/** An operand as a TensorFlow form reads it. */
type TensorFlowOperand<V> = V extends Value ? TensorFlowValue : undefined;

/** A node as its TensorFlow form sees it. */
export interface TensorFlowSite<Inputs extends Operands = Operands, A = Attributes> extends Applied<Inputs, A> {
  readonly operands: { readonly [K in keyof Inputs]: TensorFlowOperand<Inputs[K]> };
}

/** Returns the node's outputs, or its only one. */
type TensorFlowForm<Inputs extends Operands, A> = (
  writer: TensorFlowWriter,
  site: TensorFlowSite<Inputs, A>,
) => TensorFlowValue | readonly TensorFlowValue[];

/** Vector–Jacobian product: gradients of the outputs in (undefined where none arrives), one of each input out. */
type VectorJacobian<Inputs extends Operands, A> = (
  site: Applied<Inputs, A>,
  gradients: readonly (Value | undefined)[],
) => readonly LazyGradient[];

type Body<Inputs extends Operands, A> = (site: Pick<Applied<Inputs, A>, 'inputs' | 'attributes'>) => readonly Value[];

/** What a graph is written as. An engine reads one of them. */
export type Form = 'onnx' | 'tensorflow';

/** The forms of an op, by name. */
interface Written<Inputs extends Operands, A> extends Record<Form, unknown> {
  readonly onnx: (writer: OnnxWriter, site: OnnxSite<Inputs, A>) => void;
  readonly tensorflow: TensorFlowForm<Inputs, A>;
}

type Unwritten = Partial<Record<Form, never>>;

/** The forms an op has, or a body of other ops, whose forms are then its own. */
type Forms<Inputs extends Operands, A> =
  | ({ readonly expand: Body<Inputs, A>; readonly vjp: VectorJacobian<Inputs, A> } & Unwritten)
  /** Without a VJP the body is differentiated. */
  | ({ readonly expand: Body<Inputs, A>; readonly vjp?: never } & Unwritten)
  | ({ readonly expand?: never; readonly vjp: VectorJacobian<Inputs, A> } & Written<Inputs, A>);

/** One row of the op table. A list of numbers is the shape of a normally distributed float32 input. */
export interface OpCase<A = Attributes> {
  readonly inputs: readonly (readonly number[] | CaseTensor | undefined)[];
  readonly attributes?: A;
  readonly why?: string;
}

export interface CaseTensor {
  readonly shape: readonly number[];
  readonly dtype?: DType;
  /** Exact values (indices, masks), or an interval that random values keep within, away from a kink or a pole. */
  readonly values?: readonly number[] | { readonly from: number; readonly to: number };
  /** Not differentiated: an index, or frozen by definition of the op. */
  readonly frozen?: boolean;
}

type Dims = readonly (readonly number[])[];

export type OpDefinition<Inputs extends Operands = Operands, A = Attributes> = Forms<Inputs, A> & {
  readonly name: string;
  readonly shape: (inputs: Inputs, attributes: A) => readonly ValueType[];
  /** Outputs that the VJP takes gradients of; where left out the first alone, the others being kept for the VJP. */
  readonly differentiable?: 'all';
  /** The output is the first input's memory, under another shape or name. */
  readonly alias?: true;
  /** Floating-point operations from concrete shapes, absent inputs as []; where left out, one an output element. */
  readonly flops?: (inputs: Dims, outputs: Dims, attributes: A) => number;
  readonly cases: readonly [OpCase<A>, OpCase<A>, OpCase<A>, ...OpCase<A>[]];
};

/**
 * Types one op. The registry holds ops with their types erased: inputs and attributes are checked where a node is made
 * (build.ts, the importers), not where it is looked up.
 */
export function defineOp<Inputs extends Operands, A extends object = object>(
  definition: OpDefinition<Inputs, A>,
): OpDefinition {
  return definition as unknown as OpDefinition;
}

/** The ONNX form of an op that ONNX has under `type` with the same inputs and outputs and no attributes. */
export function sameInOnnx(type: string) {
  return (writer: OnnxWriter, { names, results }: Pick<OnnxSite<readonly Value[]>, 'names' | 'results'>): void => {
    writer.node(type, names, results);
  };
}

/** The TensorFlow form of an op that TensorFlow has under `type` with the same inputs, one output and no attributes but T. */
export function sameInTensorFlow(type: string) {
  return (
    writer: TensorFlowWriter,
    { operands }: Pick<TensorFlowSite<readonly Value[]>, 'operands'>,
  ): TensorFlowValue => writer.typed(type, operands);
}

/** For ops without a gradient: comparisons, indices. */
export const noGradient = (): readonly LazyGradient[] => [];
