/**
 * Cuts a graph where its frozen bottom ends, as split-frozen.ts does, but through several values: where paths of several sizes lead to
 * what is trained, no single value has all of them. What is to be kept of an image is one row with all of them behind each other.
 */
import { concat, reshape, slice } from '../build.ts';
import { dependents } from '../dependents.ts';
import { isTrainable } from '../ir.ts';
import type { Graph, Value } from '../ir.ts';
import { embed } from '../rewrite.ts';
import { sameDim, symbol } from '../shape.ts';
import { sizeOf } from '../tensor.ts';
import { eliminateDeadCode } from './eliminate-dead-code.ts';
import type { FrozenSplit } from './split-frozen.ts';

/** As `splitFrozen`, with features [batch, n]. Undefined where a value of the cut is not float32 with the batch first. */
export function splitFrozenValues(
  graph: Graph,
  source: Value,
  features: string,
  batch: string,
): FrozenSplit | undefined {
  const { nodes, outputs } = graph;
  const trained = dependents(nodes, graph.inputs.filter(isTrainable));
  const moving = dependents(nodes, [source]);
  const isFrozen = (value: Value | undefined): value is Value =>
    value !== undefined && value !== source && moving.has(value) && !trained.has(value);
  const readers = nodes.filter((node) => node.outputs.some((output) => trained.has(output)));
  const cut = [...new Set([...readers.flatMap(({ inputs }) => inputs), ...outputs.values()].filter(isFrozen))];
  if (cut.length === 0 || readers.some(({ inputs }) => inputs.includes(source))) return undefined;
  const sizes: number[] = [];
  for (const { shape, dtype } of cut) {
    const [first, ...rest] = shape;
    const fixed = rest.filter((dim): dim is number => typeof dim === 'number');
    if (first === undefined || !sameDim(first, symbol(batch)) || fixed.length < rest.length || dtype !== 'float32') {
      return undefined;
    }
    sizes.push(sizeOf(fixed));
  }
  const total = sizes.reduce((sum, size) => sum + size, 0);

  const bottom = graph.empty();
  const names = new Map(cut.map((value, index) => [value, `${features} ${index}`]));
  const wanted = new Map([...names].map(([value, name]) => [name, value]));
  const written = embed({ inputs: [source], nodes, outputs: wanted }, bottom, {
    skip: (node) => node.outputs.some((output) => trained.has(output)),
  });
  const rows = cut.map((value, index) => reshape(written.get(names.get(value)!)!, [symbol(batch), sizes[index]!]));
  bottom.output(features, concat(rows, 1));

  const top = graph.empty();
  const kept = top.input(features, [symbol(batch), total]);
  const starts = sizes.map((_, index) => sizes.slice(0, index).reduce((sum, size) => sum + size, 0));
  const parts = new Map(
    cut.map((value, index) => {
      const part = slice(kept, 1, starts[index]!, starts[index]! + sizes[index]!);
      return [value, reshape(part, value.shape)];
    }),
  );
  const others = graph.inputs.filter((input) => input !== source);
  for (const [name, output] of embed({ inputs: others, nodes, outputs }, top, {
    skip: (node) => node.outputs.some((output) => moving.has(output) && !trained.has(output)),
    replace: (leaf) => parts.get(leaf),
  })) {
    top.output(name, output);
  }
  return { bottom: eliminateDeadCode(bottom), top: eliminateDeadCode(top), shape: [total] };
}
