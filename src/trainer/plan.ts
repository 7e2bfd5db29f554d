/** What a job will take, before it is started: sizes to the byte, memory and time within a quarter. */
import { isIdentity } from '../data/augment.ts';
import { machineRates } from '../engines/calibrate.ts';
import { physicalCores } from '../engines/threads.ts';
import { bind } from '../graph/shape.ts';
import { bytesOf, sizeOf } from '../graph/tensor.ts';
import { adapt } from '../lora/adapt.ts';
import { BATCH } from '../models/base.ts';
import { frozenTensors } from '../models/frozen.ts';
import { widthOf } from '../shared/adapter-tensors.ts';
import type { Job } from '../shared/job.ts';
import type { FrozenPlan, MemoryPlan, Plan, PlannedLayer, SizePlan, TimePlan } from '../shared/plan.ts';
import { inputSize } from '../shared/preprocessing.ts';
import type { PlanResult } from '../shared/protocol/results.ts';
import { picturesStay } from './detection/frozen-head.ts';
import { headOutputs } from './detection/step.ts';
import { planCoefficients } from './plan-coefficients.ts';
import { planTime } from './plan-epoch.ts';
import { planFile } from './plan-file.ts';
import type { FileOf, PlannedFile } from './plan-file.ts';
import { planImages } from './plan-images.ts';
import { planLayers } from './plan-layers.ts';
import { planMemory } from './plan-memory.ts';
import { planModules } from './plan-modules.ts';
import { countRun } from './plan-work.ts';
import type { CountedRun, RunWork } from './plan-work.ts';
import { openJob, setupOf } from './session.ts';
import type { OpenJob } from './session.ts';

/** A plan with the whole tree of modules, of which its layers are a part. */
export interface JobPlan extends Plan, Pick<PlanResult, 'modules' | 'task' | 'imageSize'> {}

/** Opens all that the job names and measures this machine for about half a second. Throws InputError as training would. */
export async function planJob(job: Job): Promise<JobPlan> {
  const opened = await openJob(job);
  const { base, dataset, engine, preprocessing } = opened;
  const { method, lora } = job;
  const { classes } = dataset;
  const adapted = adapt(base, { method, lora, classes });
  const setup = setupOf(opened, adapted);
  const file = planFile({ job, base, classes, adapted });
  const threads = job.threads ?? physicalCores();
  const machine = await machineRates(engine, threads);
  const run = countRun(opened, adapted, machine);
  const layers = planLayers(adapted, lora, run.step);
  const size = sizePlan({ job, base, classes, adapted }, file, layers);
  const trainableParameters = setup.parameters.trainable;
  // A detector's boxes come with its pictures, which are prepared again.
  const prepared = base.detection !== undefined;
  const kept = {
    training: !prepared && run.frozen.training !== null,
    validation: !prepared && run.frozen.validation !== null,
  };
  const images = planImages(job, dataset, preprocessing, kept);
  const rawBytes = rawBytesOf(opened, run);
  const memoryOf = (work: RunWork): MemoryPlan => planMemory({ work, images, trainableParameters, rawBytes });
  const timeOf = (work: RunWork): TimePlan =>
    planTime({ job, counts: setup.dataset.images, work, images, trainableParameters, threads });
  return {
    setup,
    base: { name: base.name },
    notes: base.notes ?? [],
    task: dataset.task,
    imageSize: inputSize(preprocessing),
    method,
    size,
    layers,
    skipped: adapted.skipped.map(({ module: { path, kind }, reason }) => ({ module: path, kind, reason })),
    modules: planModules(opened, adapted),
    stepFlops: run.training.each.flops,
    memory: memoryOf(run),
    time: timeOf(run),
    frozen: frozenPlan(opened, run),
    machine,
    coefficients: planCoefficients({
      opened,
      adapted,
      file,
      modelParameters: size.fullCopy / widthOf('float32'),
      rates: machine,
      work: run,
      memoryOf: (work) => memoryOf(work).total,
      secondsOf: (work) => timeOf(work).epoch,
    }),
  };
}

function sizePlan({ base, adapted }: FileOf, file: PlannedFile, layers: readonly PlannedLayer[]): SizePlan {
  const isHead = (name: string): boolean => base.heads.some((head) => name.startsWith(`${head}.`));
  const bytesOf = (shapes: readonly (readonly number[])[]): number =>
    shapes.reduce((sum, shape) => sum + sizeOf(shape), 0) * Float32Array.BYTES_PER_ELEMENT;
  const frozen = [...frozenTensors(base.graph)].filter(([name]) => !isHead(name));
  const head = bytesOf(adapted.parameters.filter(({ name }) => isHead(name)).map(({ shape }) => shape));
  const fullCopy = bytesOf(frozen.map(([, { shape }]) => shape)) + head;
  const adapter = layers.reduce((sum, { bytes }) => sum + bytes, 0);
  const whole = bytesOf(file.saved.map(({ shape }) => shape));
  return {
    file: file.bytes,
    adapter,
    whole,
    header: file.bytes - adapter - whole,
    fullCopy,
    saving: fullCopy / file.bytes,
    savingWithoutHead: adapter === 0 ? null : (fullCopy - head) / adapter,
  };
}

function rawBytesOf({ job, base: { detection } }: OpenJob, { step }: CountedRun): number {
  const names = detection === undefined ? [] : headOutputs(detection);
  return names.reduce((sum, name) => {
    const { shape, dtype } = step.outputs.get(name)!;
    return sum + sizeOf(bind(shape, { [BATCH]: job.training.batch })) * bytesOf(dtype);
  }, 0);
}

function frozenPlan({ job, base }: OpenJob, { frozen: { training, validation } }: CountedRun): FrozenPlan {
  return {
    training,
    validation,
    reason: training === null ? whyNothingIsKept(job, base.detection !== undefined) : null,
  };
}

function whyNothingIsKept(job: Job, isDetector: boolean): string {
  const { method, training, augmentation } = job;
  if (isDetector) {
    if (!picturesStay(job)) return 'pictures are put together anew each epoch';
    if (method !== 'head') return 'of a detector only what its head reads is kept, where that alone is trained';
    if (training.cacheFrozen === 'auto') return 'on a GPU and in half precision a detector runs as a whole';
  }
  if (training.cacheFrozen === 'off') return 'training.cacheFrozen is off';
  if (augmentation.views === null && !isIdentity(augmentation)) {
    return 'each epoch augments the images anew; a number of augmentation.views would let them be kept';
  }
  return 'no layer lies below the lowest one that is trained';
}
