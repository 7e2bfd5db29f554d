/** One node of an ONNX graph as its translator sees it. */
import { tensorFromProto } from '../../../formats/onnx-tensor.ts';
import type { TensorSource } from '../../../formats/onnx-tensor.ts';
import type { Graph, Value } from '../../../graph/ir.ts';
import { axisIndex, formatShape, ShapeError } from '../../../graph/shape.ts';
import type { Dim } from '../../../graph/shape.ts';
import { Attributes } from '../attributes.ts';
import type { Folding } from '../folding.ts';
import type { SourceNode } from '../functions.ts';
import { isImageIndices, isKnown, knownTensor, numbersOf, uniform } from '../operand.ts';
import type { Known, Operand } from '../operand.ts';
import type { Parameters } from '../parameters.ts';

/** What all nodes of one model share. */
export interface Translation {
  readonly graph: Graph;
  readonly folding: Folding;
  readonly parameters: Parameters;
  readonly fixedBatch: boolean;
  readonly files: TensorSource;
}

/** From an ONNX node's operands to its results. Throws ShapeError for what cannot be; the caller names the node. */
export type Translator = (site: Site) => readonly Operand[];

export class Site implements Translation {
  readonly graph: Graph;
  readonly folding: Folding;
  readonly parameters: Parameters;
  readonly fixedBatch: boolean;
  readonly files: TensorSource;
  readonly node: SourceNode;
  readonly opset: number;
  readonly attributes: Attributes;
  readonly inputs: readonly (Operand | undefined)[];

  constructor(translation: Translation, node: SourceNode, inputs: readonly (Operand | undefined)[]) {
    this.graph = translation.graph;
    this.folding = translation.folding;
    this.parameters = translation.parameters;
    this.fixedBatch = translation.fixedBatch;
    this.files = translation.files;
    this.node = node;
    this.opset = node.opset;
    this.attributes = new Attributes(node.attributes);
    this.inputs = inputs;
  }

  operand(index: number): Operand {
    const operand = this.inputs[index];
    if (operand === undefined) throw new ShapeError(`input ${index + 1} is missing`);
    return operand;
  }

  /** As a tensor of the graph. */
  value(index: number): Value {
    return this.valueOf(this.operand(index));
  }

  valueOf(operand: Operand): Value {
    if (isKnown(operand)) return this.parameters.value(operand);
    if (isImageIndices(operand))
      throw new ShapeError('numbers that differ from image to image are supported by Gather only');
    return operand;
  }

  optionalValue(index: number): Value | undefined {
    return this.inputs[index] === undefined ? undefined : this.value(index);
  }

  /** What must be known before the network runs. */
  known(index: number): Known {
    const operand = this.operand(index);
    if (isKnown(operand)) return operand;
    throw new ShapeError(`input ${index + 1} depends on the image, and must be known before the network runs`);
  }

  /** All inputs, if all are known. */
  allKnown(): readonly Known[] | undefined {
    const given = this.inputs.filter((input) => input !== undefined);
    return given.length > 0 && given.every(isKnown) ? given : undefined;
  }

  /** A vector of sizes. */
  dims(index: number): Dim[] {
    return Array.from(this.known(index).elements);
  }

  numbers(index: number): number[] {
    return numbersOf(this.known(index));
  }

  /** One number, given as a tensor; undefined where the input is absent. */
  number(index: number): number | undefined {
    if (this.inputs[index] === undefined) return undefined;
    const number = uniform(this.known(index));
    if (number === undefined) throw new ShapeError(`input ${index + 1} must be one number`);
    return number;
  }

  /** Numbers that were an attribute up to some opset and are an input since. */
  numbersOrAttribute(index: number, name: string): number[] | undefined {
    return this.inputs[index] === undefined ? this.attributes.ints(name) : this.numbers(index);
  }

  axis(name: string, otherwise: number, rank: number): number {
    return axisIndex(this.attributes.int(name, otherwise), rank);
  }

  attributeTensor(name: string): Known | undefined {
    const proto = this.attributes.tensor(name);
    if (proto === undefined) return undefined;
    const known = knownTensor(tensorFromProto(proto, this.files));
    this.folding.allow(known);
    return known;
  }

  /** A value of a rank that an op is defined for. */
  ranked(index: number, rank: number): Value {
    const value = this.value(index);
    if (value.shape.length === rank) return value;
    throw new ShapeError(`is supported on ${rank} dimensions, not on ${formatShape(value.shape)}`);
  }
}
