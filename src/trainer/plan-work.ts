/** The graphs that a run compiles, counted: what each costs a batch and holds in memory. */
import { isIdentity } from '../data/augment.ts';
import { constantBytes, nodeCosts, peakOf } from '../graph/cost.ts';
import type { NodeCost } from '../graph/cost.ts';
import type { Graph, Node } from '../graph/ir.ts';
import { lower } from '../graph/passes/lower.ts';
import { adapt } from '../lora/adapt.ts';
import type { Adapted } from '../lora/adapt.ts';
import { BATCH } from '../models/base.ts';
import { sizeOf } from '../graph/tensor.ts';
import type { MachineRates } from '../shared/plan.ts';
import { MAX_MEMORY_BYTES } from './frozen-features.ts';
import { secondsOf } from './plan-time.ts';
import { frozenPart } from './programs.ts';
import { withRecomputation } from './recompute.ts';
import type { Augmentation, Job } from '../shared/job.ts';
import type { OpenJob } from './session.ts';
import { forwardGraph, stepGraph } from './roots.ts';
import type { FrozenCut } from '../shared/plan.ts';

/** Of one batch. */
export interface GraphWork {
  readonly seconds: number;
  readonly flops: number;
  /** The share of them that convolutions do. */
  readonly convolutions: number;
  /** Bytes. */
  readonly activations: number;
  readonly constants: number;
}

/** What runs for a batch each time, and what runs once for each view of an image, if anything does. */
export interface PipelineWork {
  readonly each: GraphWork;
  readonly once: (GraphWork & { readonly keptBytes: number }) | null;
}

export interface RunWork {
  readonly training: PipelineWork;
  readonly validation: PipelineWork;
}

export interface CountedRun extends RunWork {
  /** The graph of a training step. */
  readonly step: Graph;
  readonly frozen: { readonly training: FrozenCut | null; readonly validation: FrozenCut | null };
}

export function countRun(opened: OpenJob, adapted: Adapted, rates: MachineRates): CountedRun {
  const { job, base } = opened;
  const { splits, classes } = opened.dataset;
  const { method, lora } = job;
  const step = stepGraph(opened, adapted.graph);
  const evaluated = lora.dropout === 0 ? adapted : adapt(base, { method, lora: { ...lora, dropout: 0 }, classes });
  const count = (graph: Graph, images: number, augmentation: Augmentation | null, recompute: number) =>
    countPipeline(graph, { job, images, augmentation, rates, recompute });
  const augmentation = isIdentity(job.augmentation) ? null : job.augmentation;
  const training = count(step, splits.train.length, augmentation, opened.recompute);
  const validation = count(forwardGraph(opened, evaluated.graph), splits.validation.length, null, 0);
  return {
    step,
    training: training.work,
    validation: validation.work,
    frozen: { training: training.cut, validation: validation.cut },
  };
}

interface PipelineOf {
  readonly job: Job;
  readonly images: number;
  readonly augmentation: Augmentation | null;
  readonly rates: MachineRates;
  /** Segments. */
  readonly recompute: number;
}

function countPipeline(
  graph: Graph,
  { job, images, augmentation, rates, recompute }: PipelineOf,
): { work: PipelineWork; cut: FrozenCut | null } {
  const { batch } = job.training;
  const part = frozenPart(graph, job, augmentation);
  if (part === undefined)
    return { work: { each: graphWork(withRecomputation(graph, recompute), batch, rates), once: null }, cut: null };
  const { top, bottom, shape, views } = part;
  const bytes = images * views * sizeOf(shape) * Float32Array.BYTES_PER_ELEMENT;
  return {
    work: {
      each: graphWork(withRecomputation(top, recompute), batch, rates),
      once: { ...graphWork(bottom, batch, rates), keptBytes: bytes },
    },
    cut: {
      after: lastModule(bottom.nodes),
      before: lastModule(top.nodes.toReversed()),
      shape,
      views,
      bytes,
      storage: bytes <= MAX_MEMORY_BYTES ? 'memory' : 'file',
    },
  };
}

function graphWork(graph: Graph, batch: number, rates: MachineRates): GraphWork {
  const bindings = { [BATCH]: batch };
  const { nodes, outputs } = lower(graph);
  const costs = nodeCosts(nodes, bindings);
  return {
    seconds: secondsOf(costs, rates, bindings),
    ...flopsOf(costs),
    activations: peakOf(nodes, outputs.values(), bindings),
    constants: constantBytes(nodes, bindings),
  };
}

/** All operations, and which part of them are convolutions'. */
export function flopsOf(costs: Iterable<readonly [Node, NodeCost]>): Pick<GraphWork, 'flops' | 'convolutions'> {
  let [total, convolutions] = [0, 0];
  for (const [{ op }, { flops }] of costs) {
    total += flops;
    if (op === 'Conv' || op === 'ConvTranspose') convolutions += flops;
  }
  return { flops: total, convolutions: total === 0 ? 0 : convolutions / total };
}

function lastModule(nodes: readonly Node[]): string | null {
  return nodes.findLast(({ module }) => module !== undefined)?.module ?? null;
}
