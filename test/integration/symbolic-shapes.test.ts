/** A graph written once with a symbolic batch and sequence gives what graphs of the real lengths give. */
import { expect, it } from 'vitest';
import { trainableGradients } from '../../src/graph/autodiff.ts';
import {
  add,
  attention,
  concat,
  crossEntropy,
  expand,
  gather,
  groupNormalization,
  layerNormalization,
  linear,
  matmul,
  reduceMean,
  reshape,
  resize,
  slice,
  tile,
  transpose,
} from '../../src/graph/build.ts';
import { nameOf } from '../../src/graph/ir.ts';
import type { Graph, Value } from '../../src/graph/ir.ts';
import { createGraph } from '../../src/graph/registry.ts';
import { bind, symbol, timesDim } from '../../src/graph/shape.ts';
import type { Dim } from '../../src/graph/shape.ts';
import { float32, sizeOf } from '../../src/graph/tensor.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { Random } from '../../src/shared/random.ts';
import { expectClose } from '../close.ts';
import { enginesUnderTest } from '../engines.ts';

const [WIDTH, CLASSES, VOCABULARY] = [8, 3, 5];

/** Images [B, 4, 6, 6] and words [B, T] through what keeps, folds, splits off, stretches and repeats their lengths. */
function network(batch: Dim, length: Dim): Graph {
  const graph = createGraph();
  const trained = (name: string, ...shape: number[]): Value => graph.input(name, shape, 'float32', { trainable: true });
  const images = graph.input('images', [batch, 4, 6, 6]);
  const words = graph.input('words', [batch, length], 'int64');
  const labels = graph.input('labels', [batch], 'int32');
  const weights = graph.input('weights', [batch]);

  const small = resize(groupNormalization(images, trained('scale', 4), trained('bias', 4), 2, 1e-5), {
    axes: [2, 3],
    sizes: [2, 4],
    mode: 'linear',
    coordinates: 'half_pixel',
    nearest: 'floor',
  });
  const patches = linear(transpose(reshape(small, [batch, 4, 8]), [0, 2, 1]), trained('patch', WIDTH, 4), undefined);
  const token = expand(trained('token', 1, 1, WIDTH), [batch, 1, WIDTH]);
  const seen = layerNormalization(concat([token, patches], 1), trained('gain', WIDTH), undefined, 1e-5);
  const read = gather(trained('table', VOCABULARY, WIDTH), words, 0);
  // Sequence first for attention, and every token twice as a query.
  const queries = tile(transpose(seen, [1, 0, 2]), [2, 1, 1]);
  const keys = transpose(read, [1, 0, 2]);
  const attended = attention(queries, keys, keys, { heads: 2, scale: 0.5 });
  const pooled = add(reduceMean(attended, { axes: [0] }), reshape(slice(seen, 1, 0, 1), [batch, WIDTH]));
  const logits = matmul(pooled, trained('head', WIDTH, CLASSES));
  const flat = reshape(logits, [timesDim(batch, CLASSES)]);
  graph.output('flat', flat);
  const loss = crossEntropy(logits, labels, weights, 0.1);
  graph.output('loss', loss);
  for (const { parameter, gradient } of trainableGradients(loss)) graph.output(`d ${nameOf(parameter)!}`, gradient);
  return graph;
}

function feedsFor(graph: Graph, bindings: { B: number; T: number }): Record<string, Tensor> {
  const random = new Random(bindings.B);
  return Object.fromEntries(
    graph.inputs.map((input) => {
      const shape = bind(input.shape, bindings);
      const size = sizeOf(shape);
      const below = (limit: number): number[] => Array.from({ length: size }, () => random.int(limit));
      const tensors = {
        int64: () => ({ dtype: 'int64', shape, data: BigInt64Array.from(below(VOCABULARY), BigInt) }) as const,
        int32: () => ({ dtype: 'int32', shape, data: Int32Array.from(below(CLASSES)) }) as const,
        float32: () =>
          float32(
            shape,
            Float32Array.from({ length: size }, () => random.normal()),
          ),
      };
      return [nameOf(input)!, tensors[input.dtype as keyof typeof tensors]()];
    }),
  );
}

it.each(enginesUnderTest)('runs with one batch size after the other on $name', async (engine) => {
  const written = network(symbol('B'), symbol('T'));
  const program = await engine.compile(written);
  for (const bindings of [
    { B: 2, T: 3 },
    { B: 5, T: 1 },
    { B: 1, T: 7 },
  ]) {
    const feeds = feedsFor(written, bindings);
    const fixed = await engine.compile(network(bindings.B, bindings.T));
    const [symbolic, expected] = [await program.run(feeds), await fixed.run(feeds)];
    expect(Object.keys(symbolic)).toEqual(Object.keys(expected));
    // The same operators on the same numbers; only sums may run in another order.
    for (const [name, { data }] of Object.entries(expected)) expectClose(symbolic[name]!.data, data, 1e-5);
    await fixed.release();
  }
  await program.release();
});
