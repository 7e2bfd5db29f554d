/** A program that hands back no results: they stand in the tensors that a run is given, and its faults are told all the same. */
import { describe, expect, it } from 'vitest';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { add, mul } from '../../src/graph/build.ts';
import { createGraph } from '../../src/graph/registry.ts';
import { symbol } from '../../src/graph/shape.ts';
import { float32, zeros } from '../../src/graph/tensor.ts';

async function compiled() {
  const graph = createGraph();
  const x = graph.input('x', [symbol('B'), 2]);
  graph.output('twice', add(x, x));
  graph.output('square', mul(x, x));
  return await onnxRuntimeCpu.compile(graph, { intoOnly: true });
}

const X = float32([1, 2], [3, 4]);

describe('a program compiled for results in given tensors only', () => {
  it('writes all of them there and hands back the very same', async () => {
    const program = await compiled();
    const into = { twice: zeros('float32', [1, 2]), square: zeros('float32', [1, 2]) };
    const results = await program.run({ x: X }, into);
    expect(into.twice.data).toEqual(Float32Array.of(6, 8));
    expect(into.square.data).toEqual(Float32Array.of(9, 16));
    expect(results['square']!.data).toBe(into.square.data);
    await program.release();
  });

  it('refuses a run that has no tensor for one', async () => {
    const program = await compiled();
    await expect(program.run({ x: X }, { twice: zeros('float32', [1, 2]) })).rejects.toThrow(/square/);
    await program.release();
  });

  it('tells what went wrong inside', async () => {
    const program = await compiled();
    const into = { twice: zeros('float32', [1, 2]), square: zeros('float32', [1, 2]) };
    await expect(program.run({ x: float32([1, 3], [1, 2, 3]) }, into)).rejects.toThrow(/dimension/);
    await program.release();
  });
});
