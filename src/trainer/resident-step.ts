/**
 * A training step that also updates what it trains: values, AdamW's averages and summed gradients are vectors that an engine keeps between
 * runs, and only loss and norm come back. The arithmetic is that of optimizer.ts in float32, so the two differ by roundings; a checkpoint
 * made with one goes on with the other.
 */
import {
  abs,
  add,
  concat,
  div,
  expand,
  greater,
  less,
  minimum,
  mul,
  reduceSum,
  reshape,
  split,
  sqrt,
  sub,
  where,
} from '../graph/build.ts';
import { isTrainable, nameOf } from '../graph/ir.ts';
import type { Graph, Value } from '../graph/ir.ts';
import { embed } from '../graph/rewrite.ts';
import { sizeOf } from '../graph/tensor.ts';
import { ADAMW } from './optimizer.ts';
import type { ParameterGroup } from './parameter-groups.ts';
import { gradientOf, LOSS } from './step.ts';

/** Where a trained tensor lies in each of the vectors. */
export interface ResidentParameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly group: ParameterGroup;
}

/** The vectors that an engine keeps, float32 [all parameters]: inputs of the step, and outputs under `next`. */
export const VALUES = 'values';
export const FIRST = 'first averages';
export const SECOND = 'second averages';
export const SUMS = 'summed gradients';
const next = (vector: string): string => `next ${vector}`;

/** float32 scalar: what is fed of an update, by its name. */
export const CONTROLS = {
  /** Above 0 adds to the sums of the batches before; only where gradients are accumulated. */
  accumulate: 'accumulate',
  /** Updates where norm and loss together stay below it, which what is not a number does not; −1 leaves all as it is. */
  updateBelow: 'update below',
  /** Of the summed gradients: 1 / (batches · loss scale). */
  gradientScale: 'gradient scale',
  normLimit: 'norm limit',
  learningRate: 'learning rate',
  stepSize: 'step size',
  epsilon: 'epsilon',
} as const;
/** float32 scalar: norm of the mean gradient of the group of batches so far. */
export const GRADIENT_NORM = 'gradient norm';

/** Added to the norm that a limit is divided by, as PyTorch's `clip_grad_norm_` does. */
const CLIP_EPSILON = 1e-6;

export interface ResidentOptions {
  readonly parameters: readonly ResidentParameter[];
  /** Several batches make one update. */
  readonly accumulates: boolean;
  /** Outputs of the step that come back beside loss and norm. */
  readonly told?: readonly string[] | undefined;
}

export interface ResidentStep {
  readonly graph: Graph;
  /** Input by input, the output that it is in the next run. */
  readonly state: ReadonlyMap<string, string>;
}

/** `step` is a graph that puts out the loss and a gradient for each trainable input. */
export function residentStep(step: Graph, { parameters, accumulates, told = [] }: ResidentOptions): ResidentStep {
  const graph = step.empty();
  const sizes = parameters.map(({ shape }) => sizeOf(shape));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const state = (name: string): Value => graph.input(name, [total]);
  const control = (name: keyof typeof CONTROLS): Value => graph.input(CONTROLS[name], []);

  const values = state(VALUES);
  const pieces = split(values, 0, sizes);
  const places = new Map(parameters.map(({ name, shape }, index) => [name, reshape(pieces[index]!, shape)]));
  const outputs = embed(step, graph, {
    replace: (leaf) => (isTrainable(leaf) ? places.get(nameOf(leaf)!) : undefined),
  });
  const loss = outputs.get(LOSS)!;
  const gradient = joined(
    graph,
    parameters.map(({ name }) => outputs.get(gradientOf(name))!),
    sizes,
  );
  const sums = accumulates
    ? add(where(greater(control('accumulate'), 0), state(SUMS), graph.scalar(0)), gradient)
    : gradient;

  const mean = mul(sums, control('gradientScale'));
  const norm = sqrt(reduceSum(mul(mean, mean), { axes: [0], keepDims: false }));
  const isDue = less(add(norm, abs(loss)), control('updateBelow'));
  const clip = minimum(div(control('normLimit'), add(norm, CLIP_EPSILON)), 1);
  const g = mul(mean, clip);

  const [first, second] = [state(FIRST), state(SECOND)];
  const m = add(first, mul(sub(g, first), 1 - ADAMW.beta1));
  const v = add(mul(second, ADAMW.beta2), mul(mul(g, g), 1 - ADAMW.beta2));
  const each = (of: (group: ParameterGroup) => number): Value | number => perElement(graph, parameters, sizes, of);
  const stepSize = mul(
    control('stepSize'),
    each(({ learningRateScale }) => learningRateScale),
  );
  const decay = each(({ learningRateScale, weightDecay }) => learningRateScale * weightDecay);
  const kept = decay === 0 ? values : mul(values, sub(1, mul(control('learningRate'), decay)));
  const moved = sub(kept, div(mul(stepSize, m), add(sqrt(v), control('epsilon'))));

  const written: readonly (readonly [string, Value, Value])[] = [
    [VALUES, values, moved],
    [FIRST, first, m],
    [SECOND, second, v],
  ];
  for (const [name, before, after] of written) graph.output(next(name), where(isDue, after, before));
  if (accumulates) graph.output(next(SUMS), sums);
  graph.output(LOSS, loss);
  for (const name of told) graph.output(name, outputs.get(name)!);
  graph.output(GRADIENT_NORM, norm);
  const names = [...written.map(([name]) => name), ...(accumulates ? [SUMS] : [])];
  return { graph, state: new Map(names.map((name) => [name, next(name)])) };
}

/** More axes than any parameter has. */
const JOINED_AXES = 5;

/**
 * One vector of all. ONNX Runtime computes what this reads from the node written last to the first, and a gradient computed late keeps what
 * it is made of until then. So that of the lowest layer, behind the whole backward pass, is written first; and each by one reshape that is
 * left as it is: from one shape to the same it would be dropped, behind another be made one new node with it, which counts as written last.
 */
function joined(graph: Graph, gradients: readonly Value[], sizes: readonly number[]): Value {
  const positions = new Map(graph.nodes.map((node, index) => [node, index]));
  const computedAt = ({ source }: Value): number => (source.kind === 'node' ? positions.get(source.node)! : -1);
  const rows = new Map(
    gradients
      .map((gradient, index) => ({ gradient, size: sizes[index]! }))
      .sort((a, b) => computedAt(b.gradient) - computedAt(a.gradient))
      .map(({ gradient, size }) => [gradient, reshape(unshaped(gradient), rowOf(size))]),
  );
  const row = concat(
    gradients.map((gradient) => rows.get(gradient)!),
    JOINED_AXES - 1,
  );
  return reshape(row, [sizes.reduce((sum, size) => sum + size, 0)]);
}

function rowOf(size: number): number[] {
  return [...Array.from({ length: JOINED_AXES - 1 }, () => 1), size];
}

function unshaped(value: Value): Value {
  const { source } = value;
  return source.kind === 'node' && source.node.op === 'Reshape' ? unshaped(source.node.inputs[0]!) : value;
}

/** A number where it is the same for all, else a vector, written as runs of equal ones: models trained whole have many elements. */
function perElement(
  graph: Graph,
  parameters: readonly ResidentParameter[],
  sizes: readonly number[],
  of: (group: ParameterGroup) => number,
): Value | number {
  const runs: { number: number; size: number }[] = [];
  parameters.forEach(({ group }, index) => {
    const number = of(group);
    const last = runs.at(-1);
    if (last?.number === number) last.size += sizes[index]!;
    else runs.push({ number, size: sizes[index]! });
  });
  if (runs.length === 1) return runs[0]!.number;
  return concat(
    runs.map(({ number, size }) => expand(graph.scalar(number), [size])),
    0,
  );
}
