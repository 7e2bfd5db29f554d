/** The graphs that a run compiles, counted: what each costs a batch and holds in memory. */
import { isIdentity } from '../data/augment.ts';
import { constantBytes, nodeCosts, peakOf } from '../graph/cost.ts';
import type { NodeCost } from '../graph/cost.ts';
import type { Graph, Node } from '../graph/ir.ts';
import type { FrozenSplit } from '../graph/passes/split-frozen.ts';
import { lower } from '../graph/passes/lower.ts';
import { adapt } from '../lora/adapt.ts';
import type { Adapted } from '../lora/adapt.ts';
import { BATCH } from '../models/base.ts';
import type { Detection } from '../models/base.ts';
import { sizeOf } from '../graph/tensor.ts';
import type { MachineRates } from '../shared/plan.ts';
import { MAX_MEMORY_BYTES } from './frozen-features.ts';
import { frozenHead } from './detection/frozen-head.ts';
import { differentiatedTop, headOutputs, rawOutputsGraph } from './detection/step.ts';
import { heldBatch } from './held-batch.ts';
import type { HeldBatch } from './held-batch.ts';
import { secondsOf } from './plan-time.ts';
import { frozenPart } from './programs.ts';
import { withRecomputation } from './recompute.ts';
import type { Job } from '../shared/job.ts';
import type { OpenJob } from './session.ts';
import { forwardGraph, stepGraph } from './roots.ts';
import type { FrozenCut } from '../shared/plan.ts';

/** Of one batch. */
export interface GraphWork {
  readonly seconds: number;
  readonly flops: number;
  /** The share of them that convolutions do. */
  readonly convolutions: number;
  /** Bytes, of all copies of the graph (held-batch.ts). */
  readonly activations: number;
  readonly constants: number;
}

/** What runs for a batch each time, and what runs once for each view of an image, if anything does. */
export interface PipelineWork {
  readonly each: GraphWork;
  readonly once: (GraphWork & { readonly keptBytes: number }) | null;
  /** Threads with engines of their own. */
  readonly threads: number;
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
  const { detection } = base;
  const { splits, classes } = opened.dataset;
  const { method, lora } = job;
  const held = heldBatch(opened);
  const step = stepGraph(opened, adapted.graph, held.images);
  const evaluated = lora.dropout === 0 ? adapted : adapt(base, { method, lora: { ...lora, dropout: 0 }, classes });
  const whole = { images: job.training.batch, copies: 1, threads: 0 };
  const count = (graph: Graph, of: Pick<PipelineOf, 'images' | 'part' | 'recompute' | 'held'>) =>
    countPipeline(graph, { job, rates, ...of });
  const augmentation = isIdentity(job.augmentation) ? null : job.augmentation;
  const forward = forwardGraph(opened, evaluated.graph);
  const training = count(step, {
    images: splits.train.length,
    part: detection === undefined ? frozenPart(step, job, augmentation) : frozenStep(opened, adapted, detection),
    recompute: opened.recompute,
    held,
  });
  const validation = count(forward, {
    images: splits.validation.length,
    part: detection === undefined ? frozenPart(forward, job, null) : withOneView(frozenHead(forward, opened)),
    recompute: 0,
    held: whole,
  });
  return {
    step,
    training: training.work,
    validation: validation.work,
    frozen: { training: training.cut, validation: validation.cut },
  };
}

/** Of a detector's step; its bottom runs before the loss, whose gradient the rest takes. */
function frozenStep(opened: OpenJob, { graph }: Adapted, detection: Detection): FrozenPart | undefined {
  const { preprocessing, job } = opened;
  const forward = rawOutputsGraph(graph, headOutputs(detection), { preprocessing, batch: job.training.batch });
  const split = withOneView(frozenHead(forward, opened));
  return split && { ...split, top: differentiatedTop(split.top, detection) };
}

function withOneView(split: FrozenSplit | undefined): FrozenPart | undefined {
  return split && { ...split, views: 1 };
}

type FrozenPart = NonNullable<ReturnType<typeof frozenPart>>;

interface PipelineOf {
  readonly job: Job;
  readonly images: number;
  /** What runs once, if anything does. */
  readonly part: FrozenPart | undefined;
  readonly rates: MachineRates;
  /** Segments. */
  readonly recompute: number;
  readonly held: HeldBatch;
}

function countPipeline(
  graph: Graph,
  { job, images, part, rates, recompute, held }: PipelineOf,
): { work: PipelineWork; cut: FrozenCut | null } {
  const of = { batch: job.training.batch, rates, held };
  const { threads } = held;
  if (part === undefined) {
    return { work: { each: graphWork(withRecomputation(graph, recompute), of), once: null, threads }, cut: null };
  }
  const { top, bottom, shape, views } = part;
  const bytes = images * views * sizeOf(shape) * Float32Array.BYTES_PER_ELEMENT;
  return {
    work: {
      each: graphWork(withRecomputation(top, recompute), of),
      once: { ...graphWork(bottom, { ...of, held: { images: of.batch, copies: 1, threads: 0 } }), keptBytes: bytes },
      threads,
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

interface WorkOf extends Pick<PipelineOf, 'rates' | 'held'> {
  readonly batch: number;
}

function graphWork(graph: Graph, { batch, rates, held: { images, copies } }: WorkOf): GraphWork {
  const bindings = { [BATCH]: batch };
  const { nodes, outputs } = lower(graph);
  const costs = nodeCosts(nodes, bindings);
  return {
    seconds: secondsOf(costs, rates, bindings),
    ...flopsOf(costs),
    activations: copies * peakOf(nodes, outputs.values(), { [BATCH]: images }),
    constants: copies * constantBytes(nodes, bindings),
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
