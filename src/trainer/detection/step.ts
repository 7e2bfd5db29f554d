/**
 * The graphs of a detector's training: images → the raw outputs of each branch of its head, and, once the loss (loss.ts) has given its
 * gradient by them, the gradients of the trained values. The two halves of one differentiated graph.
 */
import { pullBack } from '../../graph/autodiff.ts';
import type { Form } from '../../graph/define.ts';
import { isTrainable, nameOf } from '../../graph/ir.ts';
import type { Graph, Value } from '../../graph/ir.ts';
import { slideWeightGradients } from '../../graph/passes/slide-weight-gradients.ts';
import { splitAtSeeds } from '../../graph/passes/split-at-seeds.ts';
import type { SeedSplit } from '../../graph/passes/split-at-seeds.ts';
import type { Detection } from '../../models/base.ts';
import { gradientOf, withImages } from '../step.ts';
import type { Roots, StepOptions } from '../step.ts';

/** The input that takes the loss's gradient by an output. */
export const seedOf = (output: string): string => `seed ${output}`;

type Options = Pick<StepOptions, 'preprocessing' | 'batch' | 'slides'>;

/** The names of what a head puts out, branch by branch. */
export function headOutputs({ branches }: Pick<Detection, 'branches'>): string[] {
  return branches.flatMap(({ boxes, scores }) => [boxes, scores]);
}

export function detectorRoots(model: Graph, detection: Detection, options: Options): Roots {
  const { graph, outputs } = withImages(model, options);
  const results = new Map(headOutputs(detection).map((name) => [name, outputs.get(name)!]));
  return withSeeds(graph, results);
}

function withSeeds(graph: Graph, results: ReadonlyMap<string, Value>): Roots {
  const seeds = new Map([...results].map(([name, value]) => [value, graph.input(seedOf(name), value.shape)]));
  return { graph, results, seeds };
}

/** Raw outputs and every trainable input's gradient, with the seeds as inputs. */
export function differentiatedGraph(model: Graph, detection: Detection, options: Options): Graph {
  return differentiated(detectorRoots(model, detection, options));
}

function differentiated({ graph, results, seeds }: Roots): Graph {
  for (const [name, value] of results) graph.output(name, value);
  const parameters = graph.inputs.filter(isTrainable);
  pullBack(graph, seeds, parameters).forEach((gradient, index) => {
    graph.output(gradientOf(nameOf(parameters[index]!)!), gradient);
  });
  return graph;
}

/** `form` is that of the engine, which computes on a CPU. */
export function trainingGraphs(model: Graph, detection: Detection, options: Options, form: Form = 'onnx'): SeedSplit {
  return inHalves(differentiatedGraph(model, detection, { slides: form === 'onnx', ...options }), detection, form);
}

/** Of the top of a forward graph (frozen-head.ts), which then has the seeds as inputs too. */
export function differentiatedTop(top: Graph, detection: Detection): Graph {
  const results = new Map(headOutputs(detection).map((name) => [name, top.outputs.get(name)!]));
  return differentiated(withSeeds(top, results));
}

export function inHalves(differentiated: Graph, detection: Detection, form: Form = 'onnx'): SeedSplit {
  const seeds = new Set(headOutputs(detection).map(seedOf));
  const written = form === 'onnx' ? slideWeightGradients(differentiated) : differentiated;
  return splitAtSeeds(written, (input) => seeds.has(nameOf(input)!));
}

/** Raw outputs alone: of all branches for validation, of the one that predicts for prediction. */
export function rawOutputsGraph(model: Graph, wanted: readonly string[], options: Options): Graph {
  const { graph, outputs } = withImages(model, options);
  for (const name of wanted) graph.output(name, outputs.get(name)!);
  return graph;
}
