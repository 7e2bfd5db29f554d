/** The compiled graphs of a run and the images they are fed with. */
import { openBatchSource } from '../data/batch-source.ts';
import { isIdentity } from '../data/augment.ts';
import type { Dataset, Sample } from '../data/dataset.ts';
import { physicalCores } from '../engines/threads.ts';
import { noiseInputs } from '../graph/dropout.ts';
import type { Graph } from '../graph/ir.ts';
import { nameOf } from '../graph/ir.ts';
import { splitFrozen } from '../graph/passes/split-frozen.ts';
import type { FrozenSplit } from '../graph/passes/split-frozen.ts';
import { BATCH } from '../models/base.ts';
import type { Augmentation, Job } from '../shared/job.ts';
import { ahead, inSharedMemory } from './ahead.ts';
import { compileStep } from './compile-step.ts';
import { inPrecision } from './precision.ts';
import { withRecomputation } from './recompute.ts';
import { evaluate } from './evaluate.ts';
import { balancedWeights, imageFeed, noiseFeeds, targetFeeds } from './feeds.ts';
import { FEATURES, FrozenFeatures } from './frozen-features.ts';
import { updatesPerEpoch } from './session.ts';
import type { Session } from './session.ts';
import { evaluationGraph, IMAGES, LOSS, trainingGraph } from './step.ts';
import type { Pipeline } from './pipeline.ts';
import type { Programs, TrainingProgram } from './task.ts';

/**
 * Batches of an evaluation that repay half a minute of compiling: XLA saves some 10 ms of each (ViT-base on an H100: TensorFlow alone takes twice
 * as long).
 */
const BRIEF_RUNS = 3000;

/** Those of a classifier. `directory` takes what is too large to keep in memory. */
export async function openClassifierPrograms(session: Session<Dataset>, directory: string): Promise<Programs> {
  const { job, dataset, preprocessing, initial, precision, engine } = session;
  const { batch, labelSmoothing } = job.training;
  const { alignment } = engine;
  const options = {
    preprocessing,
    alignment,
    batch,
    labelSmoothing,
    scaled: precision === 'fp16',
    gpu: engine.gpu,
    slides: engine.form === 'onnx' && engine.gpu !== true,
  };
  const training = await openPipeline(session, trainingGraph(initial.adapted.graph, options), {
    samples: dataset.splits.train,
    augmentation: isIdentity(job.augmentation) ? null : job.augmentation,
    shuffle: true,
    classWeights: classWeightsOf(session),
    directory,
    trains: true,
    evaluations: 0,
  });
  const evaluated = (samples: readonly Sample[], times: number) =>
    openPipeline(session, evaluationGraph(initial.evaluated, options), {
      samples,
      augmentation: null,
      shuffle: false,
      classWeights: undefined,
      directory,
      trains: false,
      evaluations: times,
    });
  const validation = await evaluated(dataset.splits.validation, evaluationsOf(session));
  return {
    training: trainingProgram(training),
    validate: (values) => evaluate(validation, values, dataset.classes),
    test: async (values) => {
      if (dataset.splits.test.length === 0) return null;
      const test = await evaluated(dataset.splits.test, 1);
      try {
        return await evaluate(test, values, dataset.classes);
      } finally {
        await test.close();
      }
    },
    close: async () => {
      await Promise.all([training.close(), validation.close()]);
    },
  };
}

/** Of the validation images, before the first update and after some or each epoch. */
function evaluationsOf({ job, dataset }: Session<Dataset>): number {
  const { epochs, evaluateEvery } = job.training;
  const updates = updatesPerEpoch(dataset.splits.train.length, job);
  return 1 + epochs * (evaluateEvery === null ? 1 : updates / evaluateEvery);
}

function trainingProgram(pipeline: Pipeline): TrainingProgram {
  const { source } = pipeline;
  let skipped = source.skipped;
  return {
    state: pipeline.state,
    batchesPerEpoch: source.batchesPerEpoch,
    get skipped() {
      return skipped;
    },
    async *batches(epoch, fromBatch) {
      for await (const { batch, skipped: so } of pipeline.batches(epoch, fromBatch)) {
        // Of this batch and those before: the next may have been made already.
        skipped = so;
        yield {
          index: batch.index,
          weights: batch.weights,
          run: async (values, step) => ((await pipeline.run(batch, values, step))[LOSS]!.data as Float32Array)[0]!,
        };
      }
    },
  };
}

function classWeightsOf({ job, dataset }: Session<Dataset>): Float32Array | undefined {
  if (job.training.classWeights === 'none') return undefined;
  const labels = dataset.splits.train.map(({ label }) => label);
  return balancedWeights(labels, dataset.classes.length);
}

interface PipelineOptions {
  readonly samples: readonly Sample[];
  readonly augmentation: Augmentation | null;
  readonly shuffle: boolean;
  readonly classWeights: Float32Array | undefined;
  readonly directory: string;
  /** Its graph is a training step. */
  readonly trains: boolean;
  /** How often it runs over all its samples where it is none. */
  readonly evaluations: number;
}

async function openPipeline(
  session: Session<Dataset>,
  graph: Graph,
  { samples, augmentation, shuffle, classWeights, directory, trains, evaluations }: PipelineOptions,
): Promise<Pipeline & { close(): Promise<void> }> {
  const { job, preprocessing, engine, precision, recompute } = session;
  const threads = job.threads ?? physicalCores();
  const split = frozenPart(graph, job, augmentation);
  const written = inPrecision(split?.top ?? graph, precision);
  const isBrief = (times: number): boolean => times * Math.ceil(samples.length / job.training.batch) < BRIEF_RUNS;
  const program = trains
    ? await compileStep(withRecomputation(written, recompute), session, { threads })
    : await engine.compile(written, { threads, brief: isBrief(evaluations) });
  const noise = noiseInputs(graph);
  const features =
    split &&
    new FrozenFeatures(
      await engine.compile(inPrecision(split.bottom, precision), { threads, brief: isBrief(split.views) }),
      {
        images: samples.length,
        views: split.views,
        shape: split.shape,
        preprocessing,
        directory,
      },
    );
  const source = openBatchSource({
    samples,
    preprocessing,
    augmentation,
    batch: job.training.batch,
    seed: job.training.seed,
    shuffle,
    ...(features && { wantsImages: (view: number) => !features.holds(view) }),
  });
  async function* made(epoch: number, fromBatch = 0) {
    const batches = source.batches(epoch, fromBatch);
    for await (const batch of engine.sharesMemory === true ? inSharedMemory(batches) : batches) {
      yield { batch, skipped: source.skipped };
    }
  }
  return {
    source,
    samples,
    batches: (epoch, fromBatch) =>
      engine.sharesMemory === true ? ahead(made(epoch, fromBatch)) : made(epoch, fromBatch),
    state: program.state,
    run: async (batch, values, training) => {
      const seen = features ? { [FEATURES]: await features.of(batch) } : { [IMAGES]: imageFeed(batch, preprocessing) };
      const drawn = training && noiseFeeds(noise, batch.labels.length, training.random);
      return await program.run({ ...seen, ...targetFeeds(batch, classWeights), ...drawn, ...values }, training?.into);
    },
    close: async () => {
      await Promise.all([source.close(), program.release(), features?.close()]);
    },
  };
}

/**
 * The part of a graph that is computed once for each view of an image and then kept. Worth it where it holds a layer: reading features costs
 * about what preparing an image does. Undefined where there is none, and where images change each epoch.
 */
export function frozenPart(
  graph: Graph,
  { training }: Job,
  augmentation: Augmentation | null,
): (FrozenSplit & { readonly views: number }) | undefined {
  const views = augmentation === null ? 1 : augmentation.views;
  if (views === null || training.cacheFrozen === 'off') return undefined;
  const images = graph.inputs.find((input) => nameOf(input) === IMAGES)!;
  const split = splitFrozen(graph, images, FEATURES, BATCH);
  return split?.bottom.nodes.some(({ op }) => op === 'Linear' || op === 'Conv') ? { ...split, views } : undefined;
}
