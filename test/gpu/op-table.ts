/** The op table on one engine beside ONNX Runtime's CPU: every op, every case, its outputs and its gradients. */
import type { Engine, Tensors } from '../../src/engines/engine.ts';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import { add, mul, reduceSum } from '../../src/graph/build.ts';
import type { OpDefinition } from '../../src/graph/define.ts';
import { nameOf } from '../../src/graph/ir.ts';
import type { Graph } from '../../src/graph/ir.ts';
import { OPS } from '../../src/graph/ops/index.ts';
import { Random } from '../../src/shared/random.ts';
import { messageOf } from '../../src/shared/errors.ts';
import { applyCase, randomLike } from '../op-cases.ts';

export interface TableResult {
  readonly passed: number;
  /** One line a case. */
  readonly faults: readonly string[];
}

/** `tolerance` is of the larger of 1 and the CPU's number. */
export async function checkOps(
  engine: Engine,
  tolerance: number,
  wanted: (op: string) => boolean = () => true,
): Promise<TableResult> {
  const faults: string[] = [];
  let passed = 0;
  for (const op of OPS.filter(({ name }) => wanted(name))) {
    for (const [index, row] of op.cases.entries()) {
      const fault = await checkCase(engine, op, row, index + 1, tolerance);
      if (fault === null) passed += 1;
      else faults.push(`${op.name} case ${index + 1}: ${fault}`);
    }
  }
  return { passed, faults };
}

async function checkCase(
  engine: Engine,
  op: OpDefinition,
  row: OpDefinition['cases'][number],
  number: number,
  tolerance: number,
): Promise<string | null> {
  const random = new Random(number).fork(op.name);
  const { graph, feeds, outputs, differentiated } = applyCase(op, row, random);
  const lossOf = (op.vjp === undefined || op.differentiable === 'all' ? outputs : outputs.slice(0, 1)).filter(
    ({ dtype }) => dtype === 'float32',
  );
  if (lossOf.length > 0) {
    const terms = lossOf.map((y) => mul(y, graph.constant(randomLike(y, random))));
    const sums = terms.map((term) => reduceSum(term, { axes: term.shape.map((_, axis) => axis) }));
    gradients(sums.reduce(add), differentiated).forEach((gradient, index) => {
      graph.output(`d_${nameOf(differentiated[index]!)!}`, gradient);
    });
  }
  try {
    return difference(await results(engine, graph, feeds), await results(onnxRuntimeCpu, graph, feeds), tolerance);
  } catch (error) {
    return messageOf(error).split('\n')[0]!;
  }
}

async function results(engine: Engine, graph: Graph, feeds: Tensors): Promise<Tensors> {
  const program = await engine.compile(graph);
  try {
    return await program.run(feeds);
  } finally {
    await program.release();
  }
}

function difference(actual: Tensors, expected: Tensors, tolerance: number): string | null {
  for (const [name, { data }] of Object.entries(expected)) {
    for (const [index, target] of Array.from(data as ArrayLike<number | bigint>, Number).entries()) {
      const value = Number(actual[name]!.data[index]);
      if (!(Math.abs(value - target) <= tolerance * Math.max(1, Math.abs(target)))) {
        return `${name}[${index}] is ${value}, not ${target}`;
      }
    }
  }
  return null;
}
