/** The state of a training: values, optimizer, progress; what a checkpoint holds and where a run goes on from. */
import type { ProgramState, Tensors } from '../engines/engine.ts';
import { float32 } from '../graph/tensor.ts';
import type { Tensor } from '../graph/tensor.ts';
import { InputError } from '../shared/errors.ts';
import type { Checkpoint, TrainingProgress } from './checkpoint.ts';
import { NOTHING_OBSERVED } from './divergence.ts';
import { NO_EVALUATION } from './early-stopping.ts';
import { HostOptimizer } from './host-optimizer.ts';
import { FIRST_LOSS_SCALE, observeGradients } from './loss-scale.ts';
import type { LossScale } from './loss-scale.ts';
import { updateAverage } from './moving-average.ts';
import { parameterGroups } from './parameter-groups.ts';
import { ResidentOptimizer } from './resident-optimizer.ts';
import type { Session } from './session.ts';
import { LOSS_SCALE } from './step.ts';
import type { Position, StepOptimizer, Turn } from './step-optimizer.ts';

type Floats = Tensor<'float32'>;

/** What training needs to know of a session. */
type Trained = Pick<Session, 'job' | 'initial' | 'precision'>;

export class Training {
  progress: TrainingProgress;
  /** What is evaluated and saved as the result: the moving average of the values where the job wants one, else the values. */
  readonly averaged: Readonly<Record<string, Floats>>;
  readonly #decay: number;
  /** As of the last `fetch`. */
  #known: TrainingProgress;
  readonly #optimizer: StepOptimizer;

  private constructor(
    { job, initial, precision }: Trained,
    values: ReadonlyMap<string, Floats>,
    checkpoint: Checkpoint | null,
    state: ProgramState | undefined,
  ) {
    const { accumulate, ema } = job.training;
    const trained = parameterGroups(initial.adapted.parameters, job).map(({ name, group }) => ({
      name,
      value: values.get(name)!,
      group,
    }));
    const stored = checkpoint?.optimizer ?? null;
    this.#optimizer =
      state === undefined
        ? new HostOptimizer(trained, stored, checkpoint?.progress.step ?? 0)
        : new ResidentOptimizer(state, trained, stored, accumulate > 1);
    this.#decay = ema;
    this.averaged = ema === 0 ? this.#optimizer.values : averageOf(this.#optimizer.values, checkpoint);
    const progress = checkpoint?.progress ?? {
      step: 0,
      epoch: 0,
      batch: 0,
      seed: job.training.seed,
      random: {},
      earlyStopping: NO_EVALUATION,
      divergence: NOTHING_OBSERVED,
      lossScale: null,
      seconds: 0,
      skippedImages: [],
    };
    // A run that goes on in another precision begins to scale, or stops it.
    this.#known = this.progress = {
      ...progress,
      lossScale: precision === 'fp16' ? (progress.lossScale ?? FIRST_LOSS_SCALE) : null,
    };
  }

  /** `state` is that of a step that updates what it trains; undefined where the host does. */
  static start(session: Trained, state?: ProgramState): Training {
    return new Training(session, session.initial.values, null, state);
  }

  /** Throws InputError for a checkpoint of another job. */
  static from(session: Trained, checkpoint: Checkpoint, state?: ProgramState): Training {
    const values = new Map<string, Floats>();
    for (const { name, shape } of session.initial.adapted.parameters) {
      const stored = checkpoint.parameters.get(name);
      if (stored?.dtype !== 'float32' || stored.shape.join() !== shape.join()) {
        throw new InputError(
          `the checkpoint has no ${name} of [${shape.join(', ')}]; it belongs to another job or base`,
        );
      }
      values.set(name, stored as Floats);
    }
    return new Training(session, values, checkpoint, state);
  }

  /** By the names of the trained inputs, as of the last `fetch`. */
  get values(): Readonly<Record<string, Floats>> {
    return this.#optimizer.values;
  }

  /** What a step writes that the optimizer needs, by the names of its outputs. */
  get results(): Readonly<Record<string, Floats>> {
    return this.#optimizer.results;
  }

  /** To be awaited before the first step. */
  begin(): Promise<void> {
    return this.#optimizer.begin();
  }

  /** What a step is fed beside its batch. */
  feeds(turn: Turn): Tensors {
    const { lossScale } = this.progress;
    const fed = this.#optimizer.feeds(turn, this.#position());
    return lossScale === null ? fed : { ...fed, [LOSS_SCALE]: float32([], [lossScale.scale]) };
  }

  /** Takes the gradients of one batch into the group that the next update averages. */
  accumulate(): void {
    this.#optimizer.accumulate();
  }

  /** Norm of the mean gradient of the accumulated batches. */
  gradientNorm(): number {
    return this.#optimizer.norm(this.#position());
  }

  /** Leaves out the update that the accumulated gradients were for, since they overflowed. */
  skip(position: { readonly epoch: number; readonly batch: number }): void {
    this.#optimizer.end(null);
    this.progress = { ...this.progress, ...position, lossScale: observed(this.progress.lossScale, false) };
  }

  /** One update by the mean of the accumulated gradients times `factor`, with the rate that the step was fed. */
  update(learningRate: number, factor: number): void {
    this.#optimizer.end({ learningRate, factor, position: this.#position() });
    const { step, lossScale } = this.progress;
    if (this.#decay > 0) {
      const [average, values] = [this.averaged, this.values].map((each) => Object.values(each).map(({ data }) => data));
      updateAverage(average!, values!, { decay: this.#decay, step: step + 1 });
    }
    this.progress = { ...this.progress, step: step + 1, lossScale: observed(lossScale, true) };
  }

  /** Brings values and averages on the host up to date; to be awaited before they are used. */
  async fetch(): Promise<void> {
    await this.#optimizer.fetch();
    this.#known = this.progress;
  }

  /** The same after a fault of the engine; where it cannot tell any more, training is where it was at the last `fetch`. */
  async rescue(): Promise<void> {
    try {
      await this.fetch();
    } catch {
      this.#optimizer.abandon();
      this.progress = this.#known;
    }
  }

  /** What is saved, as of the last `fetch`: arrays are shared, so it must be written before the next update. */
  checkpoint(): Checkpoint {
    return {
      progress: this.progress,
      parameters: new Map(Object.entries(this.values)),
      optimizer: this.#optimizer.averages(),
      average: this.#decay === 0 ? null : new Map(Object.entries(this.averaged)),
    };
  }

  #position(): Position {
    return { step: this.progress.step, lossScale: this.progress.lossScale?.scale ?? 1 };
  }
}

/** Where the average starts: that of a checkpoint, or the values, where none was kept before. */
function averageOf(values: Readonly<Record<string, Floats>>, checkpoint: Checkpoint | null): Record<string, Floats> {
  return Object.fromEntries(
    Object.entries(values).map(([name, { shape, data }]) => {
      const stored = checkpoint?.average?.get(name);
      const isOurs = stored?.dtype === 'float32' && stored.shape.join() === shape.join();
      return [name, isOurs ? (stored as Floats) : float32(shape, data.slice())];
    }),
  );
}

function observed(scale: LossScale | null, finite: boolean): LossScale | null {
  return scale && observeGradients(scale, finite);
}
