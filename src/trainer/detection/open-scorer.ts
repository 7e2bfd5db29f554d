/** Chooses how the images of a run's evaluations are scored, by its engine. */
import { onnxRuntimeCpu } from '../../engines/onnxruntime.ts';
import type { DetectionDataset } from '../../data/dataset.ts';
import type { Tensors } from '../../engines/engine.ts';
import { workerFile } from '../../formats/worker-file.ts';
import type { Graph } from '../../graph/ir.ts';
import type { FrozenSplit } from '../../graph/passes/split-frozen.ts';
import { createGraph } from '../../graph/registry.ts';
import { mergeIntoBase } from '../../lora/merge-base.ts';
import { toAdapter } from '../../lora/state.ts';
import type { Values } from '../../lora/state.ts';
import type { Detection } from '../../models/base.ts';
import { inputSize } from '../../shared/preprocessing.ts';
import type { Session } from '../session.ts';
import { VALIDATION } from './candidates.ts';
import { gainsOf, HeadLoss } from './losses.ts';
import { runsInPieces } from './pieces.ts';
import { threadedScorer, wholeBatchScorer } from './scorers.ts';
import type { BatchScorer } from './scorers.ts';
import { headOutputs, rawOutputsGraph } from './step.ts';

interface ScorerOf {
  readonly detection: Detection;
  /** From images to what the head puts out, with adapters. */
  readonly evaluated: Graph;
  /** Where what the head reads is kept, so that the rest alone is run. */
  readonly kept: FrozenSplit | undefined;
  readonly threads: number;
}

export async function openScorer(
  session: Session<DetectionDataset>,
  { detection, evaluated, kept, threads }: ScorerOf,
): Promise<BatchScorer> {
  const { job, dataset, preprocessing, engine, precision } = session;
  const { batch } = job.training;
  const { branches, strides, regMax } = detection;
  const head = { branches, strides, regMax, gains: gainsOf(job) };
  const options = {
    ...VALIDATION,
    overlap: branches.at(-1)!.name === 'one2one' ? null : job.detection.iou,
  };
  const of = { classes: dataset.classes.length, size: inputSize(preprocessing) };
  const inThreads = kept === undefined && engine === onnxRuntimeCpu && runsInPieces(engine, precision);
  const file = inThreads ? workerFile('score-worker') : undefined;
  if (file !== undefined) {
    await settleDenormals();
    return threadedScorer({
      file,
      threads: Math.min(threads, batch),
      scored: { head, options, ...of },
      merged: (values) => rawOutputsGraph(mergedModel(session, values), headOutputs(head), { preprocessing, batch: 1 }),
    });
  }
  const program = await engine.compile(kept?.top ?? evaluated, { threads });
  return wholeBatchScorer({ program, head, loss: new HeadLoss(head, { ...of, batch }), options });
}

/**
 * ONNX Runtime asks a process's first session alone whether denormals are zero, for the thread that makes it and those started later. So it is
 * made in this one: in a thread of the step they would be zero in one thread and not in the next, whichever was first.
 */
async function settleDenormals(): Promise<void> {
  const graph = createGraph();
  graph.output('y', graph.input('x', [1]));
  await (await onnxRuntimeCpu.compile(graph)).release();
}

/** The base with these values in its weights. */
function mergedModel({ base, initial, job, dataset }: Session<DetectionDataset>, values: Tensors): Graph {
  // Trained values are float32.
  const own = new Map(Object.entries(values)) as Values;
  const adapter = toAdapter(initial, own, { base, job, classes: dataset.classes });
  return mergeIntoBase(base, adapter, base.name).graph;
}
