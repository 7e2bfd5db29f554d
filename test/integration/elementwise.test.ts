/** Element by element ops that PyTorch's goldens leave out compute what their formulas say. */
import { describe, expect, it } from 'vitest';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import type { StepAttributes } from '../../src/graph/ops/step.ts';
import { lookUp } from '../../src/graph/registry.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { Random } from '../../src/shared/random.ts';
import { applyCase } from '../op-cases.ts';

type Formula = (operands: readonly number[], attributes: object) => number;

/** Of a b, for ops of bools and of numbers; true is 1. */
const FORMULAS: Readonly<Record<string, Formula>> = {
  Equal: ([a, b]) => Number(a === b),
  Greater: ([a, b]) => Number(a! > b!),
  GreaterOrEqual: ([a, b]) => Number(a! >= b!),
  Less: ([a, b]) => Number(a! < b!),
  LessOrEqual: ([a, b]) => Number(a! <= b!),
  And: ([a, b]) => a! & b!,
  Or: ([a, b]) => a! | b!,
  Not: ([a]) => 1 - a!,
  Sign: ([a]) => Math.sign(a!),
  Floor: ([a]) => Math.floor(a!),
  Ceil: ([a]) => Math.ceil(a!),
  // Halves do not occur in the cases: JavaScript rounds them up, ONNX to even.
  Round: ([a]) => Math.round(a!),
  Step: ([a], attributes) => {
    const { threshold, falling } = attributes as StepAttributes;
    return Number(falling ? a! < threshold : a! > threshold);
  },
  QuickGelu: ([a]) => a! / (1 + Math.exp(-1.702 * a!)),
  StopGradient: ([a]) => a!,
};

describe.each(Object.entries(FORMULAS))('%s', (name, formula) => {
  const op = lookUp(name);
  it.each(op.cases.map((row, index) => ({ number: index + 1, row })))('case $number', async ({ number, row }) => {
    const { graph, feeds, operands, outputs } = applyCase(op, row, new Random(number));
    const program = await onnxRuntimeCpu.compile(graph);
    const { y0 } = await program.run(feeds);
    const actual = Array.from(y0!.data, Number);
    const stretched = operands.map((operand) => stretch(operand!, outputs[0]!.shape as readonly number[]));
    const expected = actual.map((_, place) =>
      formula(
        stretched.map((operand) => operand[place]!),
        row.attributes ?? {},
      ),
    );
    // One unit in the last place where the formula is no exact number.
    actual.forEach((value, place) => {
      expect(value).toBeCloseTo(expected[place]!, 6);
    });
    await program.release();
  });
});

/** A tensor's numbers, repeated to a shape that it broadcasts to. */
function stretch({ shape, data }: Tensor, to: readonly number[]): number[] {
  const size = to.reduce((product, dim) => product * dim, 1);
  const aligned = [...Array<number>(to.length - shape.length).fill(1), ...shape];
  return Array.from({ length: size }, (_, place) => {
    let rest = place;
    let offset = 0;
    let stride = 1;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      const index = rest % to[axis]!;
      rest = (rest - index) / to[axis]!;
      if (aligned[axis] !== 1) offset += index * stride;
      stride *= aligned[axis]!;
    }
    return Number(data[offset]);
  });
}
