import { describe, expect, it } from 'vitest';
import { gradients, trainableGradients } from '../../../src/graph/autodiff.ts';
import { add, linear, matmul, mul, reduceSum, relu, softmax, split, stopGradient } from '../../../src/graph/build.ts';
import { constantOf } from '../../../src/graph/ir.ts';
import type { Graph, Value } from '../../../src/graph/ir.ts';
import { lower } from '../../../src/graph/passes/lower.ts';
import { createGraph } from '../../../src/graph/registry.ts';
import { symbol } from '../../../src/graph/shape.ts';
import { zeros } from '../../../src/graph/tensor.ts';

const B = symbol('B');
const WIDTH = 4;

const weight = (graph: Graph, name?: string): Value => graph.constant(zeros('float32', [WIDTH, WIDTH]), name);
const trained = (graph: Graph, name: string): Value =>
  graph.input(name, [WIDTH, WIDTH], 'float32', { trainable: true });
const total = (x: Value): Value => reduceSum(x, { axes: x.shape.map((_, axis) => axis) });

/** Nodes that the gradients of `wanted` add to those of the loss, after lowering. */
function backwardOps(loss: Value, wanted: readonly Value[]): string[] {
  const { graph } = loss;
  graph.output('loss', loss);
  const forward = lower(graph).nodes.length;
  gradients(loss, wanted).forEach((gradient, index) => {
    graph.output(`gradient ${index}`, gradient);
  });
  return lower(graph)
    .nodes.map(({ op }) => op)
    .slice(forward);
}

const count = (ops: readonly string[], name: string): number => ops.filter((op) => op === name).length;

describe('gradients', () => {
  it('builds nothing below the lowest trained weight, and no gradient of a frozen one', () => {
    const graph = createGraph();
    const x = graph.input('x', [B, WIDTH]);
    const bottom = relu(linear(relu(linear(x, weight(graph), undefined)), weight(graph), undefined));
    const top = trained(graph, 'top');
    const loss = total(linear(linear(bottom, top, undefined), weight(graph), undefined));
    const ops = backwardOps(loss, [top]);
    // One product carries the gradient through the frozen last layer, one gives top's own; x's and the frozen weights' are not there.
    expect(count(ops, 'Gemm')).toBe(2);
    expect(count(ops, 'Step')).toBe(0);
  });

  it('passes through frozen layers above a trained one only once', () => {
    const graph = createGraph();
    const x = graph.input('x', [B, WIDTH]);
    const [first, second] = [trained(graph, 'first'), trained(graph, 'second')];
    const loss = total(linear(relu(linear(x, first, undefined)), second, undefined));
    // dSecond, dx of the second layer, dFirst: the first layer's dx is nobody's.
    expect(count(backwardOps(loss, [first, second]), 'Gemm')).toBe(3);
  });

  it('adds up what arrives over several paths', () => {
    const graph = createGraph();
    const x = graph.input('x', [3]);
    const [gradient] = gradients(total(add(mul(x, 2), mul(x, 3))), [x]);
    expect(gradient!.source).toMatchObject({ node: { op: 'Add' } });
  });

  it('is zero where the loss does not depend on a value', () => {
    const graph = createGraph();
    const [x, other] = [graph.input('x', [3]), graph.input('other', [2])];
    const [gradient] = gradients(total(x), [other]);
    expect(constantOf(gradient)).toEqual(zeros('float32', [2]));
  });

  it('is one for the loss itself', () => {
    const graph = createGraph();
    const loss = total(graph.input('x', [3]));
    expect(constantOf(gradients(loss, [loss])[0])).toMatchObject({ shape: [], data: Float32Array.of(1) });
  });

  it('stops where it is told to', () => {
    const graph = createGraph();
    const x = graph.input('x', [3]);
    expect(backwardOps(total(mul(stopGradient(x), x)), [x])).not.toContain('Add');
  });

  it('asks for every trainable input, in their order', () => {
    const graph = createGraph();
    const x = graph.input('x', [B, WIDTH]);
    const [a, b] = [trained(graph, 'a'), trained(graph, 'b')];
    const found = trainableGradients(total(matmul(matmul(x, b), a)));
    expect(found.map(({ parameter }) => parameter)).toEqual([a, b]);
  });

  it('keeps symbolic dimensions', () => {
    const graph = createGraph();
    const x = graph.input('x', [B, WIDTH]);
    const [gradient] = gradients(total(softmax(mul(x, x))), [x]);
    expect(gradient!.shape).toEqual([B, WIDTH]);
  });

  it('joins the pieces of a split, zeros for those that nothing reads', () => {
    const graph = createGraph();
    const x = graph.input('x', [2, 6]);
    const [, middle] = split(x, 1, [1, 2, 3]);
    const ops = backwardOps(total(middle!), [x]);
    expect(count(ops, 'Concat')).toBe(1);
    expect(count(ops, 'Pad')).toBe(0);
  });

  it('refuses a gradient of an output that is kept for the VJP alone', () => {
    const graph = createGraph();
    const x = graph.input('x', [2, 4]);
    const [, mean] = graph.apply('LayerNormalization', [x, undefined, undefined], { epsilon: 1e-5 });
    expect(() => gradients(total(mean!), [x])).toThrow('LayerNormalization: only its first output has a gradient');
  });

  it('differentiates the body of a composite without a VJP, and computes it once', () => {
    const graph = createGraph();
    const [x, scale] = [graph.input('x', [2, 4, 3]), graph.constant(zeros('float32', [4]))];
    const y = graph.apply('GroupNormalization', [x, scale, scale], { groups: 2, epsilon: 1e-5 })[0]!;
    const loss = total(y);
    graph.output('loss', loss);
    graph.output('gradient', gradients(loss, [x])[0]!);
    const ops = lower(graph).nodes.map(({ op }) => op);
    expect(count(ops, 'LayerNormalization')).toBe(1);
    expect(ops).not.toContain('GroupNormalization');
  });
});
