/**
 * Recomputation (Chen et al. 2016, "Training deep nets with sublinear memory cost"): a step keeps what passes between the segments of its
 * forward pass, and the backward pass computes the inside of a segment once more when it comes to it. Memory is then that of the ends and
 * of one segment, for up to one more forward pass of time. The gradients stay what they are: the same nodes of the same values.
 */
import { after } from '../build.ts';
import { dependents } from '../dependents.ts';
import { isTrainable } from '../ir.ts';
import type { Graph, Node, Value } from '../ir.ts';
import { embed } from '../rewrite.ts';
import { elements } from '../shape.ts';
import { bytesOf, isFloat } from '../tensor.ts';
import { lower } from './lower.ts';
import { bottlenecksOf } from './split-frozen.ts';

/** What is computed inside a segment over its end, both in bytes: less is not worth keeping the end for. */
const WORTH = 2;

export interface Recomputable {
  /** How many segments can be computed again. */
  readonly segments: number;
  /** The lowered step that does so with the lowest `count` of them. */
  with(count: number): Graph;
}

/** `results` are the outputs of the forward pass; what they do not need is the backward pass. Images enter by the input `source`. */
export function recomputable(graph: Graph, results: readonly string[], source: Value): Recomputable {
  const lowered = lower(graph);
  const forward = ancestors(results.map((name) => lowered.outputs.get(name)!));
  const nodes = lowered.nodes.filter((node) => forward.has(node));
  const outputs = new Map(results.map((name) => [name, lowered.outputs.get(name)!]));
  const trained = dependents(nodes, lowered.inputs.filter(isTrainable));
  const places = bottlenecksOf({ nodes, outputs }, lowered.inputs[graph.inputs.indexOf(source)]!);
  // Where the backward pass ends; below it nothing is wanted again.
  const start = places.findLast(({ value }) => !trained.has(value));
  const above = places.filter(({ index }) => index > (start?.index ?? -1));
  const ends = worthwhile(above, nodes, start?.index ?? -1);
  const bottom = start === undefined ? [] : [start.value];
  return {
    segments: ends.length,
    with: (count) =>
      count === 0 ? lowered : new Writer(lowered, forward, [...bottom, ...ends.slice(0, count)]).write(),
  };
}

function ancestors(values: readonly Value[]): ReadonlySet<Node> {
  const found = new Set<Node>();
  const open = [...values];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (value.source.kind !== 'node' || found.has(value.source.node)) continue;
    found.add(value.source.node);
    for (const input of value.source.node.inputs) if (input !== undefined) open.push(input);
  }
  return found;
}

/** The places that are small beside what is computed since the one before. */
function worthwhile(
  places: readonly { value: Value; index: number }[],
  nodes: readonly Node[],
  start: number,
): Value[] {
  const ends: Value[] = [];
  let from = start + 1;
  for (const { value, index } of places) {
    const inside = nodes.slice(from, index + 1).flatMap(({ outputs }) => outputs);
    if (inside.reduce((sum, each) => sum + bytes(each), 0) < (1 + WORTH) * bytes(value)) continue;
    ends.push(value);
    from = index + 1;
  }
  return ends;
}

/** For one image. */
function bytes({ shape, dtype }: Value): number {
  const count = elements(shape);
  return (typeof count === 'number' ? count : count.factor) * bytesOf(dtype);
}

class Writer {
  readonly #from: Graph;
  readonly #to: Graph;
  readonly #forward: ReadonlySet<Node>;
  /** What depends on an input; the rest an engine computes once. */
  readonly #changing: ReadonlySet<Value>;
  /** By node between the ends, its segment. */
  readonly #segments = new Map<Node, number>();
  readonly #position = new Map<Node, number>();
  readonly #lastReader = new Map<Value, number>();
  /** As each value stands in the new graph. */
  readonly #written = new Map<Value, Value>();
  /** By segment, what was computed again, and the value it waits for. */
  readonly #again = new Map<number, Map<Value, Value>>();
  readonly #tokens = new Map<number, Value | undefined>();
  /** Results of the backward pass so far, those that can be waited for. */
  readonly #gradients: Value[] = [];

  constructor(from: Graph, forward: ReadonlySet<Node>, ends: readonly Value[]) {
    this.#from = from;
    this.#to = from.empty();
    this.#forward = forward;
    this.#changing = dependents(from.nodes, from.inputs);
    let segment = 0;
    from.nodes.forEach((node, index) => {
      this.#position.set(node, index);
      for (const input of node.inputs) if (input !== undefined) this.#lastReader.set(input, index);
      if (!forward.has(node) || segment === ends.length) return;
      if (node.outputs.includes(ends[segment]!)) segment++;
      else if (node.outputs.some((output) => this.#changing.has(output))) this.#segments.set(node, segment);
    });
  }

  write(): Graph {
    const outputs = embed(this.#from, this.#to, { visit: ({ node, inputs }) => this.#visit(node, inputs) });
    for (const [name, value] of outputs) this.#to.output(name, value);
    return this.#to;
  }

  #visit(node: Node, operands: readonly (Value | undefined)[]): readonly Value[] {
    const { op, inputs, outputs, attributes, module } = node;
    inputs.forEach((input, index) => {
      if (input !== undefined) this.#written.set(input, operands[index]!);
    });
    if (this.#forward.has(node)) return this.#to.apply(op, operands, attributes, module);
    const index = this.#position.get(node)!;
    const results = this.#to.apply(
      op,
      inputs.map((input) => input && this.#readBack(input, index)),
      attributes,
      module,
    );
    outputs.forEach((output, place) => {
      this.#written.set(output, results[place]!);
      if (isFloat(output.dtype) && output.shape.some((dim) => typeof dim !== 'number')) {
        this.#gradients.push(output);
      }
    });
    return results;
  }

  /** What the backward pass reads for a value, at a node of its. */
  #readBack(value: Value, index: number): Value {
    const segment = this.#segmentOf(value);
    if (segment === undefined) return this.#written.get(value)!;
    if (!this.#tokens.has(segment)) this.#tokens.set(segment, this.#gradientAt(index));
    const token = this.#tokens.get(segment);
    return token === undefined ? this.#written.get(value)! : this.#computed(value, segment, token);
  }

  /** The newest result of the backward pass that is still read: the gradient by the end of the segment. */
  #gradientAt(index: number): Value | undefined {
    const found = this.#gradients.findLast((gradient) => (this.#lastReader.get(gradient) ?? -1) >= index);
    return found && this.#written.get(found);
  }

  #computed(value: Value, segment: number, token: Value): Value {
    const again = this.#again.get(segment) ?? new Map<Value, Value>();
    this.#again.set(segment, again);
    const known = again.get(value);
    if (known !== undefined) return known;
    const { source } = value;
    const kept = this.#written.get(value)!;
    if (!this.#changing.has(value)) return kept;
    if (source.kind === 'input' || this.#segmentOf(value) !== segment) {
      const waiting = after(kept, token);
      again.set(value, waiting);
      return waiting;
    }
    if (source.kind !== 'node') return kept;
    const { op, inputs, outputs, attributes, module } = source.node;
    const operands = inputs.map((input) => input && this.#computed(input, segment, token));
    this.#to.apply(op, operands, attributes, module).forEach((result, place) => again.set(outputs[place]!, result));
    return again.get(value)!;
  }

  #segmentOf({ source }: Value): number | undefined {
    return source.kind === 'node' ? this.#segments.get(source.node) : undefined;
  }
}
