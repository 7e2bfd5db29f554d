import { describe, expect, it } from 'vitest';
import { STANDARD_OPERATORS, writeOnnx } from '../../../src/engines/write-onnx.ts';
import { floatsOfHalves } from '../../../src/formats/half.ts';
import { cast, clip, layerNormalization, pad, split } from '../../../src/graph/build.ts';
import type { Value } from '../../../src/graph/ir.ts';
import { createGraph } from '../../../src/graph/registry.ts';
import type { DType } from '../../../src/graph/tensor.ts';

/** The constants that the form of a node on [2, 3] of `dtype` writes, by name. */
function constantsOf(dtype: DType, make: (x: Value) => Value): Map<string, Uint8Array> {
  const graph = createGraph();
  graph.output('y', make(cast(graph.input('x', [2, 3]), dtype)));
  const { initializer = [] } = writeOnnx(graph, { operators: STANDARD_OPERATORS }).model.graph!;
  return new Map(initializer.map(({ name, rawData }) => [name!, Uint8Array.from(rawData!)]));
}
const halves = (bytes: Uint8Array | undefined): number[] => [...floatsOfHalves(new Uint16Array(bytes!.buffer))];

describe('constants that an op writes', () => {
  it('are numbers in half precision too, not their bits', () => {
    const bounds = constantsOf('float16', (x) => clip(x, { min: -0.5, max: 6 }));
    expect(halves(bounds.get('float16_-0.5_'))).toEqual([-0.5]);
    expect(halves(bounds.get('float16_6_'))).toEqual([6]);
    const scale = constantsOf('float16', (x) => layerNormalization(x, undefined, undefined, 1e-5));
    expect(halves(scale.get('float16_1_3'))).toEqual([1, 1, 1]);
  });

  it('are integers of any width where the op computes in them', () => {
    const padded = (x: Value): Value => pad(x, [0, 1], [0, 0], -7);
    const wide = constantsOf('int64', padded).get('int64_-7_')!;
    expect([...new BigInt64Array(wide.buffer)]).toEqual([-7n]);
    const narrow = constantsOf('int8', padded).get('int8_-7_')!;
    expect([...new Int8Array(narrow.buffer)]).toEqual([-7]);
  });

  it('are in the model itself where they are sizes, however many: shape inference reads no external data', () => {
    const graph = createGraph();
    const parts = 300;
    split(graph.input('x', [parts, 2]), 0, Array<number>(parts).fill(1)).forEach((part, i) => {
      graph.output(`part ${i}`, part);
    });
    const { model, external } = writeOnnx(graph, { operators: STANDARD_OPERATORS });
    expect(external).toEqual([]);
    expect(model.graph!.initializer!.map(({ dims, rawData }) => [dims, rawData!.length])).toEqual([
      [[parts], parts * 8],
    ]);
  });
});
