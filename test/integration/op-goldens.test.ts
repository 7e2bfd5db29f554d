/** Ops, forward and backward, against PyTorch. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { add, mul, reduceSum } from '../../src/graph/build.ts';
import { createGraph } from '../../src/graph/registry.ts';
import { float32 } from '../../src/graph/tensor.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { expectClose } from '../close.ts';
import { enginesUnderTest } from '../engines.ts';
import { ATTRIBUTES, ELSEWHERE, TRANSLATE } from './op-goldens.ts';
import type { Golden, GoldenTensor } from './op-goldens.ts';

/** The file keeps four decimals, the engine rounds to seven digits: sums of some dozen products of size 1 and more. */
const TOLERANCE = 2e-4;

const file = join(import.meta.dirname, '../fixtures/models/ops.json');
const all = JSON.parse(readFileSync(file, 'utf8')) as Golden[];
const goldens = all.filter(({ name }) => !ELSEWHERE.includes(name));

describe.each(enginesUnderTest)('ops of $name against PyTorch', (engine) => {
  it.each(goldens)('$name', async (golden) => {
    const graph = createGraph();
    const feeds: Record<string, Tensor> = {};
    const x = golden.inputs.map((input, index) => {
      if (input === null) return undefined;
      const tensor = tensorOf(input);
      feeds[`x${index}`] = tensor;
      return graph.input(`x${index}`, tensor.shape, tensor.dtype);
    });
    const translated = (TRANSLATE[golden.name] ?? TRANSLATE[golden.op])!({
      x: x as never,
      golden,
      get: (name, otherwise) => (golden.attributes[name] ?? otherwise) as never,
      flag: (name) => golden.attributes[name] === 1,
      numbers: (index) => golden.inputs[index]?.data,
    });
    const outputs = 'graph' in translated ? [translated] : translated.slice(0, golden.outputs.length);
    const terms = outputs.map((y, index) => {
      graph.output(`y${index}`, y);
      const weighted = mul(y, graph.constant(float32(golden.outputs[index]!.shape, golden.weights[index]!)));
      return reduceSum(weighted, { axes: weighted.shape.map((_, axis) => axis) });
    });
    const wanted = [...golden.gradients.keys()].filter(
      (index) => golden.gradients[index] !== null && !ATTRIBUTES[golden.op]?.includes(index),
    );
    gradients(
      terms.reduce(add),
      wanted.map((index) => x[index]!),
    ).forEach((gradient, at) => {
      graph.output(`d${wanted[at]!}`, gradient);
    });

    const program = await engine.compile(graph);
    const results = await program.run(feeds);
    golden.outputs.forEach(({ data }, index) => {
      expectClose(results[`y${index}`]!.data, data, TOLERANCE);
    });
    for (const index of wanted) expectClose(results[`d${index}`]!.data, golden.gradients[index]!, TOLERANCE);
    await program.release();
  });

  it('leaves out only what it names', () => {
    expect(ELSEWHERE.filter((left) => !all.some(({ name }) => name === left))).toEqual([]);
  });
});

function tensorOf({ shape, dtype, data }: GoldenTensor): Tensor {
  if (dtype === 'int64') return { dtype, shape, data: BigInt64Array.from(data, BigInt) };
  if (dtype === 'bool') return { dtype, shape, data: Uint8Array.from(data, Number) };
  return float32(shape, data);
}
