/** The compiled graphs of a detector's run and the pictures they are fed with. */
import type { DetectionDataset, DetectionSample } from '../../data/dataset.ts';
import type { EpochSource } from '../../data/decoded-epochs.ts';
import { openDetectionBatches } from '../../data/detection/detection-batches.ts';
import type { DetectionBatch } from '../../data/detection/detection-batches.ts';
import type { DetectionAugmentation } from '../../data/detection/prepare-detection.ts';
import { physicalCores } from '../../engines/threads.ts';
import { noiseInputs } from '../../graph/dropout.ts';
import { anchorsOf } from '../../models/anchors.ts';
import type { Detection } from '../../models/base.ts';
import type { Job } from '../../shared/job.ts';
import { inputSize } from '../../shared/preprocessing.ts';
import { noiseFeeds } from '../feeds.ts';
import type { Session } from '../session.ts';
import type { Evaluation, Programs, TrainingProgram } from '../task.ts';
import { compilePieces } from './compile-pieces.ts';
import { evaluateSplit } from './evaluate-split.ts';
import { frozenHead, picturesStay } from './frozen-head.ts';
import { gainsOf } from './losses.ts';
import { openScorer } from './open-scorer.ts';
import type { DetectorStep } from './program.ts';
import { piecesOf, runsInPieces } from './pieces.ts';
import { openSeen } from './seen.ts';
import type { Seen } from './seen.ts';
import { differentiatedTop, headOutputs, inHalves, rawOutputsGraph, trainingGraphs } from './step.ts';
import { WholeDetectionStep } from './whole-program.ts';
import { wholeStepGraph } from './whole-step.ts';

type DetectionSession = Session<DetectionDataset>;
type Source = EpochSource<DetectionBatch>;

/** `directory` takes what is too large to keep in memory. */
export async function openDetectorPrograms(
  session: DetectionSession,
  detection: Detection,
  directory: string,
): Promise<Programs> {
  const { job, dataset, preprocessing, initial, engine } = session;
  const { batch } = job.training;
  const options = { preprocessing, batch };
  const threads = job.threads ?? physicalCores();
  const { splits } = dataset;
  const evaluated = rawOutputsGraph(initial.evaluated, headOutputs(detection), options);
  const kept = frozenHead(evaluated, session);
  const scorer = await openScorer(session, { detection, evaluated, kept, threads });
  const step = await compileDetectorStep(session, detection, threads);
  const seenOf = (samples: readonly DetectionSample[]): Promise<Seen> =>
    openSeen(kept, { engine, threads, preprocessing, images: samples.length, directory });
  const sourceOf = (
    samples: readonly DetectionSample[],
    augmentation: DetectionAugmentation | null,
    shuffle = false,
  ): Source =>
    openDetectionBatches({
      samples,
      side: inputSize(preprocessing).width,
      augmentation,
      epochs: job.training.epochs,
      batch,
      seed: job.training.seed,
      shuffle,
    });
  const training = sourceOf(splits.train, picturesStay(job) ? null : augmentationOf(job), true);
  const validation = sourceOf(splits.validation, null);
  const [trained, validated] = [await seenOf(splits.train), await seenOf(splits.validation)];
  const scored = { scorer, classes: dataset.classes, side: inputSize(preprocessing).width };
  const evaluate = (of: Omit<Parameters<typeof evaluateSplit>[0], keyof typeof scored>): Promise<Evaluation> =>
    evaluateSplit({ ...scored, ...of });
  return {
    training: trainingProgram(session, { step, source: training, seen: trained }),
    validate: (values) => evaluate({ source: validation, samples: splits.validation, seen: validated, values }),
    test: async (values) => {
      if (splits.test.length === 0) return null;
      const test = sourceOf(splits.test, null);
      const seen = await seenOf(splits.test);
      try {
        return await evaluate({ source: test, samples: splits.test, seen, values });
      } finally {
        await Promise.all([test.close(), seen.close()]);
      }
    },
    close: async () => {
      const opened = [training, validation, trained, validated];
      await Promise.all([...opened.map((each) => each.close()), step.release(), scorer.release()]);
    },
  };
}

function augmentationOf({ augmentation, detection }: Job): DetectionAugmentation {
  const { imageSize: _size, gains: _gains, iou: _iou, ...variations } = detection;
  return { ...variations, flip: augmentation.flip };
}

/**
 * A GPU has its loss inside the graph: what the halves save would cross to the host and back, and so would the predictions. So does half
 * precision, whose gradients enter the network scaled.
 */
async function compileDetectorStep(
  session: DetectionSession,
  detection: Detection,
  threads: number,
): Promise<DetectorStep> {
  const { job, dataset, preprocessing, initial, engine, precision } = session;
  const { batch } = job.training;
  const model = initial.adapted.graph;
  const size = inputSize(preprocessing);
  const head = { ...detection, gains: gainsOf(job) };
  if (runsInPieces(engine, precision)) {
    const { images } = piecesOf({ engine, threads, batch, size });
    const options = { preprocessing, batch: images };
    const top = frozenHead(rawOutputsGraph(model, headOutputs(detection), options), session)?.top;
    const halves =
      top === undefined
        ? trainingGraphs(model, detection, options, engine.form)
        : inHalves(differentiatedTop(top, detection), detection, engine.form);
    const classes = dataset.classes.length;
    return await compilePieces(halves, { engine, threads, head, classes, size, batch });
  }
  const graph = wholeStepGraph(model, head, { preprocessing, batch, precision });
  const anchors = anchorsOf(size, detection.strides);
  return await WholeDetectionStep.compile(graph, session, { anchors, branches: detection.branches.length, threads });
}

interface TrainingOf {
  readonly step: DetectorStep;
  readonly source: Source;
  readonly seen: Seen;
}

function trainingProgram({ job, initial }: DetectionSession, { step, source, seen }: TrainingOf): TrainingProgram {
  const noise = noiseInputs(initial.adapted.graph);
  const { epochs, batch: size } = job.training;
  return {
    state: step.state,
    batchesPerEpoch: source.batchesPerEpoch,
    get skipped() {
      return source.skipped;
    },
    get parts() {
      return step.parts;
    },
    async *batches(epoch, fromBatch) {
      const progress = epochs > 1 ? epoch / (epochs - 1) : 1;
      for await (const batch of source.batches(epoch, fromBatch)) {
        yield {
          index: batch.index,
          weights: batch.weights,
          run: async (values, { into, random }) => {
            const drawn = noiseFeeds(noise, size, random);
            return await step.run({ ...(await seen.of(batch)), ...drawn, ...values }, batch, progress, into);
          },
        };
      }
    },
  };
}
