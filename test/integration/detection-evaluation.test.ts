/** Evaluations on a CPU, image by image in threads with the trained values in the weights, say what the graph with its adapters says of whole batches. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DetectionDataset, DetectionSample } from '../../src/data/dataset.ts';
import { openDetectionBatches } from '../../src/data/detection/detection-batches.ts';
import { writeDetectionSample } from '../../src/data/detection/sample.ts';
import { onnxRuntimeCpu } from '../../src/engines/onnxruntime.ts';
import { workerFile } from '../../src/formats/worker-file.ts';
import { float32 } from '../../src/graph/tensor.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { jobSchema } from '../../src/shared/job.ts';
import { inputSize } from '../../src/shared/preprocessing.ts';
import { Random } from '../../src/shared/random.ts';
import { AskedThread } from '../../src/trainer/detection/asked-thread.ts';
import { VALIDATION } from '../../src/trainer/detection/candidates.ts';
import { evaluateSplit } from '../../src/trainer/detection/evaluate-split.ts';
import { HeadLoss } from '../../src/trainer/detection/losses.ts';
import { openScorer } from '../../src/trainer/detection/open-scorer.ts';
import { wholeBatchScorer } from '../../src/trainer/detection/scorers.ts';
import type { BatchScorer } from '../../src/trainer/detection/scorers.ts';
import { openSeen } from '../../src/trainer/detection/seen.ts';
import { headOutputs, rawOutputsGraph } from '../../src/trainer/detection/step.ts';
import type { Session } from '../../src/trainer/session.ts';
import { openSession } from '../../src/trainer/session.ts';
import type { Evaluation } from '../../src/trainer/task.ts';
import { useFolder } from './cli-process.ts';
import { DRAWN } from './drawn-detector.ts';

/** 12 images: the second batch is padded. */
const BATCH = 8;
const folder = useFolder();

let session: Session<DetectionDataset>;
let values: Record<string, Tensor>;
/** The first is that of threads. */
const scorers = new Set<BatchScorer>();

beforeAll(async () => {
  const data = `${folder.path}/shapes`;
  await writeDetectionSample(data, { domain: 'clean', train: 8, validation: 12 });
  const job = { data, base: DRAWN, threads: 2, engine: 'onnxruntime-cpu', training: { batch: BATCH } };
  session = (await openSession(jobSchema.parse(job))) as Session<DetectionDataset>;
  const random = new Random(3);
  values = Object.fromEntries(
    [...session.initial.values].map(([name, tensor]) =>
      name.endsWith('lora_B.weight')
        ? [
            name,
            float32(
              tensor.shape,
              tensor.data.map(() => 0.03 * random.normal()),
            ),
          ]
        : [name, tensor],
    ),
  );
});
afterAll(() => Promise.all([...scorers].map((scorer) => scorer.release())));

async function evaluated(scorer: BatchScorer): Promise<Evaluation> {
  scorers.add(scorer);
  const { dataset, preprocessing, job } = session;
  const samples: readonly DetectionSample[] = dataset.splits.validation;
  const side = inputSize(preprocessing).width;
  const of = { samples, side, augmentation: null, epochs: 1, batch: BATCH, seed: job.training.seed, shuffle: false };
  const source = openDetectionBatches({ ...of, workers: 0 });
  const kept = { engine: onnxRuntimeCpu, threads: 1, preprocessing, images: samples.length, directory: folder.path };
  const seen = await openSeen(undefined, kept);
  return await evaluateSplit({ scorer, source, samples, seen, values, classes: dataset.classes, side });
}

it('gives the same loss, figures and boxes', async () => {
  const { base, initial, preprocessing, dataset } = session;
  const detection = base.detection!;
  const size = inputSize(preprocessing);
  const graph = rawOutputsGraph(initial.evaluated, headOutputs(detection), { preprocessing, batch: BATCH });
  const threaded = await openScorer(session, { detection, evaluated: graph, kept: undefined, threads: 2 });
  expect(threaded.ahead, 'the threads are built').toBe(2);
  const whole = wholeBatchScorer({
    program: await onnxRuntimeCpu.compile(graph),
    head: detection,
    loss: new HeadLoss(detection, { classes: dataset.classes.length, size, batch: BATCH }),
    options: VALIDATION,
  });
  const [mine, other] = [await evaluated(threaded), await evaluated(whole)];
  expect(mine.images).toBe(12);
  // Weights are rounded once more where adapters are merged: 10⁻⁷ a layer, of some twenty one after the other.
  expect(mine.loss / other.loss).toBeCloseTo(1, 4);
  for (const part of ['box', 'cls', 'dfl'] as const) expect(mine.parts![part]! / other.parts![part]!).toBeCloseTo(1, 4);
  // Two of the 0.001 probable boxes may change places by that: far below what `ultralytics val` is met by, 10⁻³.
  expect(other.detection!.map).toBeGreaterThan(0.1);
  for (const figure of ['map50', 'map', 'precision', 'recall', 'f1'] as const)
    expect(mine.detection![figure]).toBeCloseTo(other.detection![figure], 3);
  const filesOf = ({ samples }: Evaluation): (string | undefined)[] => samples.detections!.map(({ file }) => file);
  expect(filesOf(mine).toSorted()).toEqual(filesOf(other).toSorted());
});

it('takes other values for the next evaluation', async () => {
  const [scorer] = scorers;
  const trained = await evaluated(scorer!);
  values = Object.fromEntries(session.initial.values);
  const untrained = await evaluated(scorer!);
  expect(untrained.loss).not.toBeCloseTo(trained.loss, 3);
});

it('tells what went wrong in a thread, which then goes on answering', async () => {
  const { base, dataset, preprocessing } = session;
  const { branches, strides, regMax } = base.detection!;
  const size = inputSize(preprocessing);
  const workerData = {
    head: { branches, strides, regMax },
    classes: dataset.classes.length,
    size,
    options: VALIDATION,
  };
  const file = workerFile('score-worker')!;
  const thread = await AskedThread.start<unknown, unknown>({ file, workerData, work: 'scores images' });
  const nothing = { model: Uint8Array.of(1, 2, 3), external: [] };
  await expect(thread.ask({ model: nothing })).rejects.toThrow(/protobuf|model/i);
  await expect(thread.ask({ model: nothing })).rejects.toThrow(/protobuf|model/i);
  await thread.release();
  await expect(thread.ask({ model: nothing })).rejects.toThrow('a thread that scores images ended');
});
