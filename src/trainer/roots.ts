/** What runs for a batch of a job, by its task, before it is differentiated and cut in halves: what planning counts. */
import { pullBack } from '../graph/autodiff.ts';
import { isTrainable, nameOf } from '../graph/ir.ts';
import type { Graph } from '../graph/ir.ts';
import type { Job } from '../shared/job.ts';
import type { Preprocessing } from '../shared/preprocessing.ts';
import type { Base } from '../models/base.ts';
import { detectorRoots } from './detection/step.ts';
import { classifierRoots, gradientOf } from './step.ts';
import type { Roots } from './step.ts';

interface RootsOf {
  readonly job: Job;
  readonly base: Base;
  readonly preprocessing: Preprocessing;
}

/** `batch` images at once are what forms are chosen for; those of the job where it is not given. */
export function rootsOf({ job, base, preprocessing }: RootsOf, model: Graph, batch = job.training.batch): Roots {
  const { labelSmoothing } = job.training;
  if (base.detection !== undefined) return detectorRoots(model, base.detection, { preprocessing, batch });
  return classifierRoots(model, { preprocessing, batch, labelSmoothing });
}

/** The whole step as one graph; `batch` as `rootsOf` has it. */
export function stepGraph(of: RootsOf, model: Graph, batch?: number): Graph {
  const { graph, results, seeds } = rootsOf(of, model, batch);
  const parameters = graph.inputs.filter(isTrainable);
  pullBack(graph, seeds, parameters).forEach((gradient, index) => {
    graph.output(gradientOf(nameOf(parameters[index]!)!), gradient);
  });
  for (const [name, value] of results) graph.output(name, value);
  return graph;
}

/** What scores validation images. */
export function forwardGraph(of: RootsOf, model: Graph): Graph {
  const { graph, results } = rootsOf(of, model);
  for (const [name, value] of results) graph.output(name, value);
  return graph;
}
