/**
 * Every op, every case, on ONNX Runtime and on TensorFlow: gradients against finite differences, all results of one engine against the
 * other's, and ONNX with ONNX Runtime's own operators against plain ONNX. An op is tested by standing in src/graph/ops/index.ts.
 */
import { describe, expect, it } from 'vitest';
import type { Engine, Program, Tensors } from '../../src/engines/engine.ts';
import { loadOnnx, onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { STANDARD_OPERATORS, writeOnnx } from '../../src/engines/write-onnx.ts';
import { encodeModel } from '../../src/formats/onnx-proto.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import { add, mul, reduceSum } from '../../src/graph/build.ts';
import { nameOf } from '../../src/graph/ir.ts';
import type { Graph } from '../../src/graph/ir.ts';
import { OPS } from '../../src/graph/ops/index.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { Random } from '../../src/shared/random.ts';
import { expectClose } from '../close.ts';
import { enginesUnderTest } from '../engines.ts';
import { applyCase, randomLike } from '../op-cases.ts';

/**
 * Differences at h and 2h, extrapolated (Richardson): off by 4h⁴·f⁽⁵⁾/120 and by what rounding leaves. In float32 the outputs are known to
 * about 1e-6, which dividing by 2h makes 2e-5; with h = 1/32 both stay below 1e-4 while f⁽⁵⁾ < 3000.
 * Cases keep more than 2h = 1/16 away from kinks and poles.
 */
const H = 2 ** -5;
/** Five times that bound, of the larger of 1 and the gradient. A wrong formula is off by tenths. */
const GRADIENT_TOLERANCE = 5e-4;
/** Two forms of one op round differently: by a few units in the last place of sums of some dozen terms. */
const FORM_TOLERANCE = 2e-5;

describe.each(enginesUnderTest)('$name', (engine) => {
  describe.each(OPS)('$name', (op) => {
    it.for(op.cases.map((row, index) => ({ number: index + 1, row, why: row.why ?? '' })))(
      'case $number $why',
      async (each) => {
        const random = new Random(each.number).fork(op.name);
        const { graph, feeds, outputs, differentiated } = applyCase(op, each.row, random);
        // Where only the first output has a gradient, the others are what its VJP reuses.
        const lossOf = (op.vjp === undefined || op.differentiable === 'all' ? outputs : outputs.slice(0, 1)).filter(
          ({ dtype }) => dtype === 'float32',
        );
        const weights = lossOf.map((output) => randomLike(output, random));
        if (lossOf.length > 0) {
          const terms = lossOf.map((y, index) => mul(y, graph.constant(weights[index]!)));
          const sums = terms.map((term) => reduceSum(term, { axes: term.shape.map((_, axis) => axis) }));
          const written = gradients(sums.reduce(add), differentiated);
          differentiated.forEach((x, index) => {
            graph.output(`d_${nameOf(x)!}`, written[index]!);
          });
        }

        const program = await engine.compile(graph);
        const results = await program.run(feeds);
        if (engine === onnxRuntimeCpu) await expectSameInPlainOnnx(graph, feeds, results);
        else await expectSameOn(onnxRuntimeCpu, graph, feeds, results);
        for (const name of Object.keys(results).filter((key) => key.startsWith('d_'))) {
          const expected = await differences(program, feeds, name.slice(2), weights);
          expectClose(results[name]!.data, expected, GRADIENT_TOLERANCE);
        }
        await program.release();
      },
    );
  });
});

describe.each(OPS)('$name', (op) => {
  it('has a case with a batch and two axes or more', () => {
    const shapes = op.cases.flatMap(({ inputs: [first] }) => (first ? ['shape' in first ? first.shape : first] : []));
    expect(shapes.some((shape) => shape.length >= 2 && shape[0]! > 1)).toBe(true);
  });
});

it('lists every op under its own name', () => {
  expect(new Set(OPS.map(({ name }) => name)).size).toBe(OPS.length);
});

async function expectSameInPlainOnnx(graph: Graph, feeds: Tensors, results: Tensors): Promise<void> {
  for (const operators of [STANDARD_OPERATORS, new Set<never>()]) {
    const plain = await loadOnnx(encodeModel(writeOnnx(graph, { operators }).model));
    const inPlainOnnx = await plain.run(feeds);
    await plain.release();
    for (const [name, { data }] of Object.entries(results)) expectClose(inPlainOnnx[name]!.data, data, FORM_TOLERANCE);
  }
}

async function expectSameOn(engine: Engine, graph: Graph, feeds: Tensors, results: Tensors): Promise<void> {
  const program = await engine.compile(graph);
  const expected = await program.run(feeds);
  await program.release();
  for (const [name, { dtype, shape, data }] of Object.entries(expected)) {
    expect({ ...results[name], data: undefined }).toEqual({ dtype, shape, data: undefined });
    expectClose(results[name]!.data, data, FORM_TOLERANCE);
  }
}

/** ∂ Σ y ∘ weights / ∂ input, element by element, over the outputs y0, y1, … that have weights; sums in float64. */
async function differences(
  program: Program,
  feeds: Tensors,
  input: string,
  weights: readonly Tensor<'float32'>[],
): Promise<number[]> {
  const x = feeds[input] as Tensor<'float32'>;
  const at = async (index: number, value: number): Promise<number> => {
    const moved = Float32Array.from(x.data);
    moved[index] = value;
    const results = await program.run({ ...feeds, [input]: { ...x, data: moved } });
    return weights.reduce((sum, { data }, output) => sum + dot(results[`y${output}`]!.data as Float32Array, data), 0);
  };
  const difference = async (index: number, h: number): Promise<number> => {
    const [above, below] = [Math.fround(x.data[index]! + h), Math.fround(x.data[index]! - h)];
    return ((await at(index, above)) - (await at(index, below))) / (above - below);
  };
  const derivatives: number[] = [];
  for (let index = 0; index < x.data.length; index++) {
    derivatives.push((4 * (await difference(index, H)) - (await difference(index, 2 * H))) / 3);
  }
  return derivatives;
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, index) => sum + value * b[index]!, 0);
}
