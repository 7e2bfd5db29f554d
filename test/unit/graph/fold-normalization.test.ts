/** What is folded and what is left; that loss and gradients stay is what test/integration/fold-passes.test.ts shows. */
import { describe, expect, it } from 'vitest';
import { layerNormalization, linear, loraLinear, relu, reshape, slice, transpose } from '../../../src/graph/build.ts';
import { constantOf } from '../../../src/graph/ir.ts';
import type { Graph, Node, Value } from '../../../src/graph/ir.ts';
import { foldNormalization } from '../../../src/graph/passes/fold-normalization.ts';
import { createGraph } from '../../../src/graph/registry.ts';
import { symbol } from '../../../src/graph/shape.ts';
import { float32 } from '../../../src/graph/tensor.ts';

const weightOf = (graph: Graph): Value => graph.constant(float32([2, 3], [1, 2, 3, 4, 5, 6]));
const layer = (x: Value): Value => linear(x, weightOf(x.graph), undefined);

/** LayerNorm of tokens [4, B, 3] with γ = (1, 2, 4), β = (1, 0, −1). */
function normalise(graph: Graph): Value {
  const scale = graph.constant(float32([3], [1, 2, 4]));
  const offset = graph.constant(float32([3], [1, 0, -1]));
  return layerNormalization(graph.input('x', [4, symbol('B'), 3]), scale, offset, 1e-6);
}

function folded(write: (normalised: Value) => Value): Node[] {
  const graph = createGraph();
  graph.output('y', write(normalise(graph)));
  return foldNormalization(graph).nodes;
}

const isFolded = ([norm]: Node[]): boolean => norm!.inputs[1] === undefined;
const numbers = (value: Value | undefined): number[] => Array.from(constantOf(value)!.data, Number);

describe('folding LayerNormalization', () => {
  it('takes γ and the mean of each row into the weight, and β into the bias', () => {
    const [norm, node] = folded(layer);
    expect(norm!.inputs.slice(1)).toEqual([undefined, undefined]);
    expect(norm!.attributes['centredGradient']).toBe(true);
    // Rows ∘ γ are (1, 4, 12) and (4, 10, 24), of means 17/3 and 38/3.
    for (const [index, value] of numbers(node!.inputs[1]).entries()) {
      expect(value).toBeCloseTo([1, 4, 12, 4, 10, 24][index]! - (index < 3 ? 17 : 38) / 3, 5);
    }
    // W·β.
    expect(numbers(node!.inputs[2])).toEqual([1 - 3, 4 - 6]);
  });

  it('gives an adapter the shift A·β', () => {
    const nodes = folded((x) => {
      const a = x.graph.input('a', [1, 3], 'float32', { trainable: true });
      const b = x.graph.input('b', [2, 1], 'float32', { trainable: true });
      return loraLinear(x, weightOf(x.graph), undefined, a, b, { scale: 1 });
    });
    expect(isFolded(nodes)).toBe(true);
    expect(nodes.at(-1)!.inputs[5]!.shape).toEqual([1]);
  });

  it.each<[string, (x: Value) => Value]>([
    ['a slice of rows', (x) => layer(slice(x, 0, 0, 1))],
    ['rows in another order', (x) => layer(transpose(x, [1, 0, 2]))],
    ['rows of another shape', (x) => layer(reshape(slice(x, 0, 0, 1), [symbol('B'), 3]))],
  ])('reaches a layer through %s', (_, write) => {
    expect(isFolded(folded(write))).toBe(true);
  });

  it.each<[string, (x: Value) => Value]>([
    ['anything but a layer reads it', (x) => relu(x)],
    [
      'anything reads it beside a layer',
      (x) => {
        x.graph.output('other', relu(x));
        return layer(x);
      },
    ],
    [
      'it is an output',
      (x) => {
        x.graph.output('other', x);
        return layer(x);
      },
    ],
    ['its features are cut', (x) => linear(slice(x, 2, 0, 2), x.graph.constant(float32([1, 2], [1, 2])), undefined)],
    [
      'its features are moved',
      (x) => linear(transpose(x, [2, 1, 0]), x.graph.constant(float32([1, 4], [1, 2, 3, 4])), undefined),
    ],
    ['the layer is trained', (x) => linear(x, x.graph.input('w', [2, 3], 'float32', { trainable: true }), undefined)],
  ])('is left out where %s', (_, write) => {
    expect(isFolded(folded(write))).toBe(false);
  });
});
