/** One run, from a folder with a frozen job to the adapter in it. Started again it goes on from the last checkpoint. */
import { physicalCores } from '../engines/threads.ts';
import { Random } from '../shared/random.ts';
import { datasetChanges } from './dataset-changes.ts';
import { DeviceFull, isOutOfMemory } from './out-of-memory.ts';
import { readIdentity } from '../shared/run/read-run.ts';
import type { LossParts } from '../shared/run/events.ts';
import { learningRates } from '../shared/schedules.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Commands } from './commands.ts';
import type { DeviceHold } from './device-hold.ts';
import { deviceLost, isDeviceLost } from './device-lost.ts';
import { observeStep } from './divergence.ts';
import type { Ending } from './ending.ts';
import { clipFactor } from './gradients.ts';
import { openPrograms } from './open-programs.ts';
import { Results } from './results.ts';
import { recordSetup } from './run-folder.ts';
import type { RunLog } from './run-log.ts';
import { openSession, setupOf } from './session.ts';
import type { Session } from './session.ts';
import { canShrink } from './loss-scale.ts';
import { meanParts } from './loss-parts.ts';
import type { Programs, TrainingBatch } from './task.ts';
import { Throughput } from './throughput.ts';
import { Training } from './training.ts';

export interface RunSite {
  readonly folder: string;
  readonly log: RunLog;
  readonly commands: Commands;
  /** Where to go on from; null for a new run. */
  readonly checkpoint: Checkpoint | null;
  readonly device: DeviceHold;
}

/** Trains until the job is done, somebody stops it or it goes astray, and says which it was. Throws what else goes wrong. */
export async function train({ folder, log, commands, checkpoint, device }: RunSite): Promise<Ending> {
  const { job, setup: before } = await readIdentity(folder);
  log.record({ type: 'preparing', what: 'opening the dataset and the base' });
  const session = await openSession(job);
  const setup = setupOf(session, session.initial.adapted);
  if (checkpoint !== null && before !== null)
    for (const message of datasetChanges(before.dataset, setup.dataset, session.dataset.root))
      log.record({ type: 'warning', message });
  await recordSetup(folder, setup);
  const { step = 0, seconds = 0 } = checkpoint?.progress ?? {};
  const stopped = await device.take(session, { run: folder, log, commands, step, seconds });
  if (stopped !== undefined) return stopped;
  log.record({
    type: 'preparing',
    what: `compiling the step for ${session.device.name} in ${session.precision} (${session.engine.name}: ${session.reason})`,
  });
  session.engine.prepare?.({ threads: job.threads ?? physicalCores() });
  const programs = await openPrograms(session, folder);
  try {
    const { state } = programs.training;
    const training = checkpoint === null ? Training.start(session, state) : Training.from(session, checkpoint, state);
    await training.begin();
    const results = new Results(folder, log, session);
    const { total: totalSteps, perEpoch: stepsPerEpoch } = setup.steps;
    log.record({ type: 'ready', totalSteps, stepsPerEpoch, epochs: job.training.epochs });
    const loop = new Loop(session, programs, training, results, log, commands, totalSteps);
    const kept = <T>(work: Promise<T>): Promise<T> =>
      work.catch(async (error: unknown) => {
        if (!isOutOfMemory(error) && !isDeviceLost(error)) throw error;
        await training.rescue();
        if (isOutOfMemory(error)) throw new DeviceFull(error, training.checkpoint());
        await results.checkpoint(training);
        throw deviceLost(error, session.device.name, training.progress.step);
      });
    const ending = await kept(loop.run());
    // The test images are scored by a program of their own, for which there may be no room either.
    await kept(results.finish(training, programs, ending, setup, loop.throughput));
    return ending;
  } finally {
    await programs.close();
  }
}

/** What one update of the optimizer leads to: nothing, or the end of the run. */
type Verdict = Ending | undefined;

class Loop {
  readonly throughput: Throughput;
  readonly #session: Session;
  readonly #programs: Programs;
  readonly #training: Training;
  readonly #results: Results;
  readonly #log: RunLog;
  readonly #commands: Commands;
  readonly #rateOf: (step: number) => number;
  readonly #random: Random;
  #losses: number[] = [];
  #parts: LossParts[] = [];
  #skipped = 0;

  constructor(
    session: Session,
    programs: Programs,
    training: Training,
    results: Results,
    log: RunLog,
    commands: Commands,
    totalSteps: number,
  ) {
    const { job } = session;
    this.#session = session;
    this.#programs = programs;
    this.#training = training;
    this.#results = results;
    this.#log = log;
    this.#commands = commands;
    this.#rateOf = learningRates(job.training, totalSteps);
    this.#random = new Random(job.training.seed).fork('dropout');
    this.throughput = new Throughput(training.progress.seconds);
  }

  async run(): Promise<Ending> {
    const { job, base } = this.#session;
    const { epochs } = job.training;
    if (this.#training.progress.step === 0) {
      for (const message of base.notes ?? []) this.#log.record({ type: 'warning', message });
      await this.#evaluate();
    }
    while (this.#training.progress.epoch < epochs) {
      const { epoch, batch: done } = this.#training.progress;
      for await (const batch of this.#programs.training.batches(epoch, done)) {
        const verdict = await this.#take(batch);
        if (verdict !== undefined) return verdict;
      }
    }
    return {
      type: 'finished',
      step: this.#training.progress.step,
      reason: 'completed',
      seconds: this.throughput.seconds,
    };
  }

  /** One batch: its gradients, and at the end of a group of them an update and all that is due after it. */
  async #take(batch: TrainingBatch): Promise<Verdict> {
    const { job } = this.#session;
    const { training } = this.#programs;
    // By place in the run, not by what was drawn before: a resumed run draws what it would have drawn.
    const random = this.#random.fork(this.#training.progress.epoch).fork(batch.index);
    const last = batch.index + 1 === training.batchesPerEpoch;
    const updates = last || this.#losses.length + 1 === job.training.accumulate;
    const turn = { updates, learningRate: this.#rateOf(this.#training.progress.step), clip: job.training.clip };
    const loss = await batch.run(this.#training.feeds(turn), { into: this.#training.results, random });
    this.#training.accumulate();
    this.#losses.push(loss);
    if (training.parts !== undefined) this.#parts.push(training.parts);
    this.throughput.count(batch.weights);
    if (!updates) return undefined;
    if (this.#overflowed()) return await this.#leaveOut(batch, last);
    return this.#update(batch, last) ?? (await this.#afterUpdate(last));
  }

  /** Whether the gradients left the range of half precision, and a smaller scale may bring them back. */
  #overflowed(): boolean {
    const { lossScale } = this.#training.progress;
    return lossScale !== null && canShrink(lossScale) && !Number.isFinite(this.#training.gradientNorm());
  }

  async #leaveOut(batch: TrainingBatch, last: boolean): Promise<Verdict> {
    this.#losses = [];
    this.#parts = [];
    this.#training.skip(positionAfter(batch, last, this.#training.progress.epoch));
    const { step, lossScale } = this.#training.progress;
    this.#log.record({ type: 'overflow', step, scale: lossScale!.scale, skipped: lossScale!.skipped });
    this.throughput.lap();
    this.#recordSkipped();
    return last ? await this.#afterUpdate(last) : await this.#obey();
  }

  #update(batch: TrainingBatch, last: boolean): Verdict {
    const { training } = this.#session.job;
    const { step, epoch } = this.#training.progress;
    const learningRate = this.#rateOf(step);
    const gradientNorm = this.#training.gradientNorm();
    const loss = this.#losses.reduce((sum, each) => sum + each, 0) / this.#losses.length;
    const parts = meanParts(this.#parts);
    this.#losses = [];
    this.#parts = [];
    const observed = { step: step + 1, loss, gradientNorm, learningRate, peakLearningRate: training.learningRate };
    const { state, divergence } = observeStep(this.#training.progress.divergence, observed);
    // Before the update: values that are numbers stay numbers.
    if (divergence !== null) return { type: 'failed', step, cause: 'divergence', message: divergence.message };
    this.#training.update(learningRate, clipFactor(gradientNorm, training.clip));
    this.#training.progress = { ...this.#training.progress, ...positionAfter(batch, last, epoch), divergence: state };
    const imagesPerSecond = this.throughput.lap();
    this.#log.record({
      type: 'step',
      step: step + 1,
      epoch,
      loss,
      ...(parts && { parts }),
      learningRate,
      gradientNorm,
      imagesPerSecond,
    });
    this.#recordSkipped();
    return undefined;
  }

  #recordSkipped(): void {
    const { skipped } = this.#programs.training;
    for (const { file, message } of skipped.slice(this.#skipped)) {
      this.#log.record({ type: 'skipped-image', file, reason: message });
    }
    this.#skipped = skipped.length;
    this.#training.progress = {
      ...this.#training.progress,
      seconds: this.throughput.seconds,
      skippedImages: skipped.map(({ file }) => file),
    };
  }

  async #afterUpdate(endOfEpoch: boolean): Promise<Verdict> {
    const { evaluateEvery, checkpointEvery } = this.#session.job.training;
    const { step } = this.#training.progress;
    const due = (every: number | null): boolean => (every === null ? endOfEpoch : step % every === 0);
    const patienceLost = due(evaluateEvery) && (await this.#evaluate());
    if (due(checkpointEvery)) await this.#results.checkpoint(this.#training);
    if (patienceLost) return { type: 'finished', step, reason: 'early-stopping', seconds: this.throughput.seconds };
    return await this.#obey();
  }

  #obey(): Promise<Verdict> {
    return this.#commands.obey({
      step: this.#training.progress.step,
      checkpoint: () => this.#results.checkpoint(this.#training),
      paused: <T>(wait: Promise<T>) => this.throughput.without(wait),
      seconds: () => this.throughput.seconds,
    });
  }

  #evaluate(): Promise<boolean> {
    return this.throughput.without(this.#results.evaluate(this.#training, this.#programs));
  }
}

/** Where training goes on after a batch of an epoch. */
function positionAfter({ index }: TrainingBatch, last: boolean, epoch: number): { epoch: number; batch: number } {
  return last ? { epoch: epoch + 1, batch: 0 } : { epoch, batch: index + 1 };
}
