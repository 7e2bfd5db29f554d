/** Everything a job names, opened: dataset, base with its adapters, engine. What training, planning and prediction start from. */
import { BATCH } from '../models/base.ts';
import type { Base } from '../models/base.ts';
import { countParameters } from '../models/frozen.ts';
import { openBase } from '../models/open-base.ts';
import { openAnyDataset } from '../data/open-dataset.ts';
import type { AnyDataset } from '../data/dataset.ts';
import { foldersOutside } from '../data/image-folders.ts';
import { holderOf } from '../engines/device-lease.ts';
import type { Engine } from '../engines/engine.ts';
import { physicalCores } from '../engines/threads.ts';
import { nodeCosts } from '../graph/cost.ts';
import type { Graph } from '../graph/ir.ts';
import { lower } from '../graph/passes/lower.ts';
import { sizeOf } from '../graph/tensor.ts';
import { adapt } from '../lora/adapt.ts';
import type { Adapted } from '../lora/adapt.ts';
import { initialise } from '../lora/state.ts';
import type { Initialised } from '../lora/state.ts';
import { InputError } from '../shared/errors.ts';
import type { Job } from '../shared/job.ts';
import { inputSize, preprocessingSchema } from '../shared/preprocessing.ts';
import type { Preprocessing } from '../shared/preprocessing.ts';
import type { RunSetup } from '../shared/run/identity.ts';
import { engineFor } from './choose-engine.ts';
import type { ChosenDevice } from './choose-engine.ts';
import { fitDevice, fitHost, fitPieces } from './device-memory.ts';
import type { Fit } from './device-memory.ts';
import { keepsFrozen } from './detection/frozen-head.ts';
import { runsInPieces } from './detection/pieces.ts';
import { checkRoom } from './device-room.ts';
import { heldBatch } from './held-batch.ts';
import { secondsOf } from './plan-time.ts';
import { stepGraph } from './roots.ts';
import { inPrecision, precisionOf } from './precision.ts';
import type { Precision } from './precision.ts';
import { planFile } from './plan-file.ts';
import type { RunLength } from './xla-repays.ts';

export interface OpenJob<D extends AnyDataset = AnyDataset> {
  readonly job: Job;
  readonly dataset: D;
  readonly base: Base;
  readonly preprocessing: Preprocessing;
  readonly engine: Engine;
  /** Why it is this one. */
  readonly reason: string;
  readonly device: ChosenDevice;
  /** Bytes of its memory that a step needs; null where that is not told. */
  readonly needed: number | null;
  readonly precision: Precision;
  /** The lowest segments of the step that are computed again in its backward pass. */
  readonly recompute: number;
}

export interface Session<D extends AnyDataset = AnyDataset> extends OpenJob<D> {
  readonly initial: Initialised;
}

/** Opens all of it and draws the first values. Throws InputError for whatever is wrong with any of them. */
export async function openSession(job: Job): Promise<Session> {
  const opened = await openJob(job);
  return { ...opened, initial: initialise(opened.base, job, opened.dataset.classes) };
}

/** Paths of the job are absolute. */
export async function openJob(given: Job): Promise<OpenJob> {
  const { validationShare, seed } = given.training;
  const dataset = await openAnyDataset(given.data, { validationShare, seed });
  const { job, base: opened } = forTask(given, dataset, await openBase(given.base));
  const preprocessing = preprocessingOf(opened, job);
  const base = { ...opened, preprocessing };
  const found = { job, dataset, base, preprocessing };
  const choice = await engineFor(job, () => runLength(found));
  const precision = precisionOf(job, choice.engine);
  const fit = fitStep({ ...found, ...choice, precision });
  const { shared } = choice.device;
  // What another run has is waited for, and free then.
  if (fit.needed !== null && shared !== null && holderOf(shared.key) === null)
    await checkRoom(fit.needed, choice.device);
  return { ...found, ...choice, precision, ...fit };
}

/** The job and the base as the dataset's task takes them. Throws an `InputError` where the base is for another task. */
function forTask(job: Job, { task, root }: AnyDataset, base: Base): { job: Job; base: Base } {
  const { detection } = base;
  if (detection === undefined) {
    if (task === 'classification') return { job, base };
    throw new InputError(
      'has images with boxes, which a detector learns from; name a YOLO checkpoint (.pt) as the base, or sample-detector',
      {
        file: root,
      },
    );
  }
  if (task === 'classification') {
    throw new InputError('is a detector, but the dataset has a class for each image and no boxes; name a classifier', {
      file: base.identity.source,
    });
  }
  // Pictures that are put together anew each epoch leave nothing to keep.
  const training = { ...job.training, cacheFrozen: keepsFrozen(job) ? 'auto' : 'off' } as const;
  const precision = job.precision === 'auto' ? 'fp32' : job.precision;
  const detected = { ...job, precision, training } as const;
  const { imageSize } = job.detection;
  const { height, width } = inputSize(base.preprocessing);
  if (imageSize === null || (imageSize === height && imageSize === width)) return { job: detected, base };
  const size = { height: imageSize, width: imageSize };
  const preprocessing = { ...base.preprocessing, resize: { mode: 'exact', ...size } } as const;
  return { job: detected, base: { ...base, preprocessing, graph: detection.atSize(size) } };
}

/** Whether the step fits, told of the form in which it will run. */
function fitStep(opened: Omit<OpenJob, 'needed' | 'recompute'>): Fit {
  const { job, base, engine, device, precision } = opened;
  const step = { make: () => inPrecision(stepOf(opened, heldBatch(opened).images), precision), model: base.graph };
  if (engine.gpu === true) return fitDevice(step, job.training, device);
  if (base.detection === undefined || !runsInPieces(engine, precision)) return fitHost(step, job.training);
  const threads = job.threads ?? physicalCores();
  return fitPieces({ ...step, batch: job.training.batch, threads, heldBy: (count) => heldBatch(opened, count) });
}

type Opened = Pick<OpenJob, 'job' | 'dataset' | 'base' | 'preprocessing'>;

/** What a step computes; `batch` images at once, where not all of them are. */
function stepOf(opened: Opened, batch?: number): Graph {
  const { method, lora } = opened.job;
  return stepGraph(opened, adapt(opened.base, { method, lora, classes: opened.dataset.classes }).graph, batch);
}

function runLength(opened: Opened): RunLength {
  const { batch, epochs } = opened.job.training;
  const { nodes } = lower(stepOf(opened));
  const bindings = { [BATCH]: batch };
  const costs = nodeCosts(nodes, bindings);
  return {
    steps: Math.ceil(opened.dataset.splits.train.length / batch) * epochs,
    nodes: nodes.length,
    secondsOf: (rates) => secondsOf(costs, rates, bindings),
  };
}

/** The base's own preprocessing with the job's overrides; the size stays, since the graph was built for it. */
function preprocessingOf(base: Base, { preprocessing: overrides }: Job): Preprocessing {
  const merged = preprocessingSchema.parse({ ...base.preprocessing, ...definedOnly(overrides ?? {}) });
  const [wanted, given] = [inputSize(base.preprocessing), inputSize(merged)];
  if (wanted.height !== given.height || wanted.width !== given.width) {
    throw new InputError(`the base takes ${wanted.width}×${wanted.height} pixels, not ${given.width}×${given.height}`, {
      field: 'preprocessing',
    });
  }
  return merged;
}

function definedOnly(overrides: object): object {
  return Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
}

/** What `run.json` records of a job and of the base with its adapters. */
export function setupOf(
  { job, dataset, base, engine, device, reason, precision, recompute }: OpenJob,
  adapted: Adapted,
): RunSetup {
  const { parameters } = adapted;
  const count = (chosen: typeof parameters): number => chosen.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const head = parameters.filter(({ module }) => base.heads.includes(module));
  const perEpoch = updatesPerEpoch(dataset.splits.train.length, job);
  const { train, validation, test } = dataset.splits;
  const imageFolders = foldersOutside(dataset);
  return {
    engine: {
      name: engine.name,
      device: device.name,
      card: cardOf(device),
      threads: job.threads,
      precision,
      recompute,
      reason,
    },
    base: {
      source: base.identity.source,
      architecture: base.family,
      revision: base.identity.revision ?? null,
      sha256: base.identity.sha256,
      fused: base.identity.fusedBatchNorm,
    },
    dataset: {
      kind: dataset.kind,
      task: dataset.task,
      classes: [...dataset.classes],
      images: { train: train.length, validation: validation.length, test: test.length },
      ...(imageFolders.length > 0 && { imageFolders }),
    },
    parameters: {
      base: countParameters(base.graph),
      adapter: count(parameters) - count(head),
      head: count(head),
      trainable: count(parameters),
      adapterBytes: planFile({ job, base, classes: dataset.classes, adapted }).bytes,
    },
    steps: { total: perEpoch * job.training.epochs, perEpoch },
  };
}

function cardOf({ card }: ChosenDevice): RunSetup['engine']['card'] {
  return card === null ? null : { index: card.index, uuid: card.uuid, memory: card.memory };
}

/** Updates of the optimizer in one epoch; the last group of batches may be smaller than `accumulate`. */
export function updatesPerEpoch(images: number, { training }: Job): number {
  return Math.ceil(Math.ceil(images / training.batch) / training.accumulate);
}
