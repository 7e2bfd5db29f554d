/** Operands for the rows of the op table (src/graph/define.ts). */
import type { CaseTensor, OpCase, OpDefinition } from '../src/graph/define.ts';
import type { Graph, Value } from '../src/graph/ir.ts';
import { createGraph } from '../src/graph/registry.ts';
import { isStatic } from '../src/graph/shape.ts';
import { sizeOf, zeros } from '../src/graph/tensor.ts';
import type { Tensor } from '../src/graph/tensor.ts';
import type { Random } from '../src/shared/random.ts';

type CaseInput = OpCase['inputs'][number];

/** One node in a graph of its own, with its outputs as y0, y1, … */
export interface AppliedCase {
  readonly graph: Graph;
  /** By input name, x0, x1, …: what is fed. Frozen floats are constants, as weights are; indices are fed, as labels are. */
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly operands: readonly (Tensor | undefined)[];
  readonly outputs: readonly Value[];
  readonly differentiated: readonly Value[];
}

export function applyCase(op: OpDefinition, row: OpCase, random: Random): AppliedCase {
  const graph = createGraph();
  const feeds: Record<string, Tensor> = {};
  const differentiated: Value[] = [];
  const operands = row.inputs.map((input) => input && operand(describe(input), random));
  const values = operands.map((tensor, index) => {
    if (tensor === undefined) return undefined;
    const frozen = describe(row.inputs[index]!).frozen ?? false;
    const float = tensor.dtype === 'float32';
    if (float && frozen) return graph.constant(tensor);
    const value = graph.input(`x${index}`, tensor.shape, tensor.dtype);
    feeds[`x${index}`] = tensor;
    if (float) differentiated.push(value);
    return value;
  });
  const outputs = graph.apply(op.name, values, row.attributes);
  outputs.forEach((output, index) => {
    graph.output(`y${index}`, output);
  });
  return { graph, feeds, operands, outputs, differentiated };
}

/** Normally distributed, in the shape of a value. */
export function randomLike({ shape }: Value, random: Random): Tensor<'float32'> {
  if (!isStatic(shape)) throw new Error('the shapes of cases are numbers');
  const data = Float32Array.from({ length: sizeOf(shape) }, () => random.normal());
  return { dtype: 'float32', shape, data };
}

function describe(input: NonNullable<CaseInput>): CaseTensor {
  return 'shape' in input ? input : { shape: input };
}

function operand({ shape, dtype = 'float32', values }: CaseTensor, random: Random): Tensor {
  const tensor = zeros(dtype, shape);
  const next = (index: number): number => {
    if (values === undefined) return random.normal();
    return 'from' in values ? random.uniform(values.from, values.to) : values[index]!;
  };
  for (let index = 0; index < tensor.data.length; index++) {
    tensor.data[index] = dtype === 'int64' ? BigInt(next(index)) : next(index);
  }
  return tensor;
}
