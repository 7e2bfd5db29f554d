/**
 * Random weights that a detector can be trained from although its BatchNorms are frozen: convolutions as He et al. (2015) draw them, and
 * the statistics of each BatchNorm measured on images, so that what follows it has mean 0 and variance 1. What a BatchNorm sees depends on
 * those before it: after n rounds of measuring the first n are right, so it is measured until nothing changes any more.
 */
import { onnxRuntimeCpu } from '../src/engines/onnxruntime.ts';
import type { Tensors } from '../src/engines/engine.ts';
import type { Graph, Value } from '../src/graph/ir.ts';
import { embed } from '../src/graph/rewrite.ts';
import type { Tensor } from '../src/graph/tensor.ts';
import { sizeOf } from '../src/graph/tensor.ts';
import type { Base } from '../src/models/base.ts';
import { PIXELS } from '../src/models/base.ts';
import { Random } from '../src/shared/random.ts';

export type Weights = Map<string, Float32Array>;

/** A channel that is the same everywhere is left so. */
const LEAST_VARIANCE = 1e-3;
/** The longest way through a published network of scale n has some 60 BatchNorms. */
const MAX_ROUNDS = 200;
/** Largest change of a variance, in parts of it, that counts as none. */
const SETTLED = 0.01;
/** A probability that an anchor is of a class before anything is learnt: few are. */
const PRIOR = 0.01;

/** The constants of the base's graph by name, drawn anew. */
export function randomWeights(base: Base, seed: number): Weights {
  const random = new Random(seed);
  const scores = new Set(base.heads);
  const weights: Weights = new Map();
  for (const [name, value] of constantsOf(base.graph)) {
    const shape = value.shape as readonly number[];
    const [, module, kind] = /^(.*)\.(\w+)$/.exec(name)!;
    const source = random.fork(name);
    const size = sizeOf(shape);
    const deviation = Math.sqrt(2 / sizeOf(shape.slice(1)));
    const starts: Readonly<Record<string, (index: number) => number>> = {
      weight: shape.length === 4 ? () => deviation * source.normal() : () => 1,
      bias: () => (scores.has(module!) ? Math.log(PRIOR / (1 - PRIOR)) : 0),
      running_mean: () => 0,
      running_var: () => 1,
    };
    const start = starts[kind!];
    if (start === undefined) throw new Error(`nobody says how ${name} starts`);
    weights.set(
      name,
      Float32Array.from({ length: size }, (_, index) => start(index)),
    );
  }
  return weights;
}

/** Measures what each BatchNorm sees of these images, `[B, 3, height, width]`, and writes it into `weights`. */
export async function calibrate(base: Base, weights: Weights, images: Tensor<'float32'>): Promise<void> {
  for (let round = 0, changed = true; changed && round < MAX_ROUNDS; round++) {
    const graph = observed(base.graph, weights);
    const program = await onnxRuntimeCpu.compile(graph);
    const seen = await program.run({ [PIXELS]: images });
    await program.release();
    changed = [...graph.outputs.keys()].filter((module) => measure(module, seen, weights)).length > 0;
  }
}

/** Returns whether anything changed. */
function measure(module: string, seen: Tensors, weights: Weights): boolean {
  const { shape, data } = seen[module]!;
  const [batch = 0, channels = 0, ...pixels] = shape;
  const each = sizeOf(pixels);
  const mean = weights.get(`${module}.running_mean`)!;
  const variance = weights.get(`${module}.running_var`)!;
  let changed = false;
  for (let channel = 0; channel < channels; channel++) {
    let [sum, squares] = [0, 0];
    for (let image = 0; image < batch; image++) {
      const from = (image * channels + channel) * each;
      for (let at = from; at < from + each; at++) {
        const value = Number(data[at]);
        sum += value;
        squares += value * value;
      }
    }
    const count = batch * each;
    mean[channel] = sum / count;
    const before = variance[channel]!;
    const after = squares / count - (sum / count) ** 2 + LEAST_VARIANCE;
    variance[channel] = after;
    changed ||= !(Math.abs(after - before) <= SETTLED * before);
  }
  return changed;
}

/** The graph with these weights; its outputs are what each BatchNorm sees, under the module's name. */
function observed(from: Graph, weights: Weights): Graph {
  const graph = from.empty();
  embed(from, graph, {
    replace: (leaf, to) => {
      const data = weights.get(constantName(leaf) ?? '');
      return data && to.constant({ dtype: 'float32', shape: leaf.shape as number[], data }, constantName(leaf));
    },
    visit: ({ graph: to, node, inputs: [x, scale] }) => {
      if (node.op === 'BatchNormalization') to.output(constantName(scale!)!.replace(/\.weight$/, ''), x!);
      return undefined;
    },
  });
  return graph;
}

function constantsOf({ nodes }: Graph): Map<string, Value> {
  const values = nodes.flatMap(({ inputs }) => inputs.filter((input) => input !== undefined));
  return new Map(values.flatMap((value) => (constantName(value) === undefined ? [] : [[constantName(value)!, value]])));
}

function constantName(value: Value): string | undefined {
  return value.source.kind === 'constant' ? value.source.name : undefined;
}
