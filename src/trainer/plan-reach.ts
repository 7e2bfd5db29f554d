/**
 * How a step's work grows with the depth of the lowest adapter: from the head alone, whose gradient ends at once, down to a first layer,
 * for which the whole backward pass runs and nothing is frozen that could be kept. One graph with the gradients of every layer's result
 * answers for all depths: what one of those gradients needs is a part of it.
 */
import { isIdentity } from '../data/augment.ts';
import { pullBack } from '../graph/autodiff.ts';
import { nodeCosts, peakOf } from '../graph/cost.ts';
import { dependents } from '../graph/dependents.ts';
import { isTrainable, nameOf } from '../graph/ir.ts';
import type { Graph, Node, Value } from '../graph/ir.ts';
import { lower } from '../graph/passes/lower.ts';
import { passagesOf } from '../graph/passes/split-frozen.ts';
import type { Passage } from '../graph/passes/split-frozen.ts';
import { lookUp } from '../graph/registry.ts';
import { sizeOf } from '../graph/tensor.ts';
import { adapt } from '../lora/adapt.ts';
import { BATCH, moduleNodes } from '../models/base.ts';
import type { MachineRates } from '../shared/plan.ts';
import { heldBatch } from './held-batch.ts';
import type { HeldBatch } from './held-batch.ts';
import { secondsOf } from './plan-time.ts';
import { flopsOf } from './plan-work.ts';
import type { GraphWork, PipelineWork, RunWork } from './plan-work.ts';
import type { OpenJob } from './session.ts';
import { rootsOf } from './roots.ts';
import { gradientOf, IMAGES } from './step.ts';

export interface ReachWork {
  /** The head alone is trained. */
  readonly head: RunWork;
  /** By path: this module is the lowest that carries an adapter. What the adapter itself costs is not in it. */
  readonly modules: ReadonlyMap<string, RunWork>;
}

export function countReach(opened: OpenJob, paths: readonly string[], rates: MachineRates): ReachWork {
  const { job, dataset } = opened;
  const held = heldBatch(opened);
  const { graph, layers, named: resultNames } = differentiated(opened, paths, held.images);
  const { nodes, outputs } = graph;
  const position = new Map(nodes.map((node, index) => [node, index]));
  const named = (names: readonly string[]): Value[] => names.map((name) => outputs.get(name)!);
  const results = named(resultNames);
  const forward = neededFor(results);
  const inOrder = nodes.filter((node) => forward.has(node));
  const passages = passagesOf(
    { nodes: inOrder, outputs: new Map(resultNames.map((name) => [name, outputs.get(name)!])) },
    graph.inputs.find((input) => nameOf(input) === IMAGES)!,
    BATCH,
  ).map((passage) => ({ ...passage, index: position.get(inOrder[passage.index]!)! }));
  const { batch } = job.training;
  const whole: HeldBatch = { images: batch, copies: 1, threads: 0 };
  const work = counter(nodes, batch, rates);
  const views = isIdentity(job.augmentation) ? 1 : job.augmentation.views;
  const keeps = job.training.cacheFrozen === 'auto';

  /** The gradients of the head and `trained` are asked for; nothing trained reaches the nodes before `first`. */
  const runFrom = (first: number, trained: readonly Value[]): RunWork => {
    const passage = passages.findLast(({ index }) => index < first);
    const below = passage === undefined ? new Set<Node>() : neededFor([passage.value]);
    const pipeline = (needed: readonly Value[], images: number | null, of: HeldBatch): PipelineWork => {
      const { threads } = of;
      const running = neededFor(needed);
      if (images === null || ![...below].some(({ op }) => LAYERS.has(op))) {
        return { each: work(running, needed, of), once: null, threads };
      }
      const above = new Set([...running].filter((node) => !below.has(node)));
      const keptBytes = images * bytesOfImage(passage!);
      return { each: work(above, needed, of), once: { ...work(below, [passage!.value], of), keptBytes }, threads };
    };
    return {
      training: pipeline(
        [...results, ...trained],
        keeps && views !== null ? dataset.splits.train.length * views : null,
        held,
      ),
      validation: pipeline(results, keeps ? dataset.splits.validation.length : null, whole),
    };
  };

  const head = [...outputs].filter(([name]) => name.startsWith(gradientOf(''))).map(([, gradient]) => gradient);
  const trained = dependents(nodes, graph.inputs.filter(isTrainable));
  const firstTrained = nodes.findIndex(({ outputs: [value] }) => trained.has(value!));
  return {
    head: runFrom(firstTrained, head),
    modules: new Map(
      [...layers].map(([path, { values, gradients: reached }]) => {
        const first = Math.min(...named(values).map((value) => position.get(computing(value))!));
        return [path, runFrom(first, [...head, ...named(reached)])];
      }),
    ),
  };
}

/** What makes a bottom worth keeping, as lowered graphs have it. */
const LAYERS: ReadonlySet<string> = new Set(['Gemm', 'Conv']);

interface Differentiated {
  /** Lowered. Outputs are the results, the head's gradients, and those of `layers`. */
  readonly graph: Graph;
  /** The results' names. */
  readonly named: readonly string[];
  /** By path, the names of its results and of their gradients: several where the module runs more than once. */
  readonly layers: ReadonlyMap<string, { readonly values: readonly string[]; readonly gradients: readonly string[] }>;
}

function differentiated(opened: OpenJob, paths: readonly string[], batch: number): Differentiated {
  const { base, job, dataset } = opened;
  const { lora } = job;
  const model = adapt(base, { method: 'head', lora, classes: dataset.classes }).graph;
  const { graph, results, seeds } = rootsOf(opened, model, batch);
  const parameters = graph.inputs.filter(isTrainable);
  const running = moduleNodes(graph);
  const layers = new Map(
    paths.map((path) => {
      const values = (running.get(path) ?? []).map(({ outputs }) => outputs[0]!);
      return [path, values] as const;
    }),
  );
  const wanted = [...layers.values()].flat();
  const found = pullBack(graph, seeds, [...parameters, ...wanted]);
  const gradientBy = new Map([...parameters, ...wanted].map((value, index) => [value, found[index]!]));
  for (const [name, value] of results) graph.output(name, value);
  for (const parameter of parameters) graph.output(gradientOf(nameOf(parameter)!), gradientBy.get(parameter)!);
  const named = new Map(
    [...layers].map(([path, values]) => [
      path,
      {
        values: values.map((value, index) => output(graph, `result ${path} ${index}`, value)),
        gradients: values.map((value, index) => output(graph, `reach ${path} ${index}`, gradientBy.get(value)!)),
      },
    ]),
  );
  return { graph: lower(graph), layers: named, named: [...results.keys()] };
}

function output(graph: Graph, name: string, value: Value): string {
  graph.output(name, value);
  return name;
}

/** All that must run for these values. */
function neededFor(values: readonly Value[]): ReadonlySet<Node> {
  const needed = new Set<Node>();
  const pending = [...values];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (value.source.kind !== 'node' || needed.has(value.source.node)) continue;
    needed.add(value.source.node);
    for (const input of value.source.node.inputs) if (input !== undefined) pending.push(input);
  }
  return needed;
}

/** The node that computes a value, through those that only shape it anew. */
function computing(value: Value): Node {
  const { source } = value;
  if (source.kind !== 'node') throw new Error('the result of a layer is computed');
  const { node } = source;
  return lookUp(node.op).alias === true && node.inputs[0]?.source.kind === 'node' ? computing(node.inputs[0]) : node;
}

/** Counts parts of one graph. Constants are left out: they are the same for all depths. */
function counter(nodes: readonly Node[], batch: number, rates: MachineRates) {
  const bindings = { [BATCH]: batch };
  const costs = nodeCosts(nodes, bindings);
  const seconds = new Map(
    [...costs].map(([node, cost]) => [node, secondsOf(new Map([[node, cost]]), rates, bindings)]),
  );
  return (part: ReadonlySet<Node>, outputs: readonly Value[], { images, copies }: HeldBatch): GraphWork => {
    const inOrder = nodes.filter((node) => part.has(node));
    return {
      seconds: inOrder.reduce((sum, node) => sum + (seconds.get(node) ?? 0), 0),
      ...flopsOf([...costs].filter(([node]) => part.has(node))),
      activations: copies * peakOf(inOrder, outputs, { [BATCH]: images }),
      constants: 0,
    };
  };
}

/** Of one image's part of a value. */
function bytesOfImage({ value: { shape }, axis }: Passage): number {
  const dims = shape.filter((dim, index): dim is number => index !== axis && typeof dim === 'number');
  return sizeOf(dims) * Float32Array.BYTES_PER_ELEMENT;
}
