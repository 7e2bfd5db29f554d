/** The state of a training: values, optimizer, progress; what a checkpoint holds and where a run goes on from. */
import { float32 } from '../graph/tensor.ts';
import type { Tensor } from '../graph/tensor.ts';
import { InputError } from '../shared/errors.ts';
import type { Checkpoint, TrainingProgress } from './checkpoint.ts';
import { NOTHING_OBSERVED } from './divergence.ts';
import { NO_EVALUATION } from './early-stopping.ts';
import { accumulate, globalNorm } from './gradients.ts';
import { adamWTensors, initAdamW, restoreAdamW, updateAdamW } from './optimizer.ts';
import type { AdamWState, OptimizedParameter } from './optimizer.ts';
import { FIRST_LOSS_SCALE, observeGradients } from './loss-scale.ts';
import type { LossScale } from './loss-scale.ts';
import { updateAverage } from './moving-average.ts';
import { groupOf } from './parameter-groups.ts';
import type { Session } from './session.ts';
import { gradientOf, LOSS_SCALE } from './step.ts';

type Floats = Tensor<'float32'>;

export class Training {
  /** By the names of the step's inputs; the optimizer writes into them. */
  readonly values: Readonly<Record<string, Floats>>;
  /** What is evaluated and saved as the result: the moving average of the values where the job wants one, else the values. */
  readonly averaged: Readonly<Record<string, Floats>>;
  /** What the step's gradients are written into, by the names of its outputs. */
  readonly gradients: Readonly<Record<string, Floats>>;
  progress: TrainingProgress;
  readonly #parameters: readonly OptimizedParameter[];
  readonly #sums: readonly Float32Array[];
  readonly #arrays: readonly Float32Array[];
  readonly #decay: number;
  #optimizer: AdamWState;
  #accumulated = 0;

  private constructor(
    { job, initial, precision }: Session,
    values: ReadonlyMap<string, Floats>,
    checkpoint: Checkpoint | null,
  ) {
    this.values = Object.fromEntries(values);
    const { weightDecay, ema } = job.training;
    this.#decay = ema;
    this.averaged = ema === 0 ? this.values : averageOf(this.values, checkpoint);
    this.#parameters = initial.adapted.parameters.map(({ name }) => ({
      name,
      data: values.get(name)!.data,
      group: groupOf(name, values.get(name)!.shape, { weightDecay, plusRatio: job.lora.plusRatio }),
    }));
    const zeros = ({ shape, data }: Floats): Floats => float32(shape, new Float32Array(data.length));
    this.gradients = Object.fromEntries(
      this.#parameters.map(({ name }) => [gradientOf(name), zeros(values.get(name)!)]),
    );
    this.#arrays = Object.values(this.gradients).map(({ data }) => data);
    this.#sums = this.#arrays.map(({ length }) => new Float32Array(length));
    this.#optimizer =
      checkpoint === null
        ? initAdamW(this.#parameters)
        : restoreAdamW(this.#parameters, checkpoint.optimizer, checkpoint.progress.step);
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
    this.progress = { ...progress, lossScale: precision === 'fp16' ? (progress.lossScale ?? FIRST_LOSS_SCALE) : null };
  }

  static start(session: Session): Training {
    return new Training(session, session.initial.values, null);
  }

  /** Throws InputError for a checkpoint of another job. */
  static from(session: Session, checkpoint: Checkpoint): Training {
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
    return new Training(session, values, checkpoint);
  }

  /** Takes the gradients of one batch into the group that the next update averages. */
  accumulate(): void {
    if (this.#accumulated === 0)
      this.#sums.forEach((sum, index) => {
        sum.set(this.#arrays[index]!);
      });
    else accumulate(this.#sums, this.#arrays);
    this.#accumulated += 1;
  }

  /** Norm of the mean gradient of the accumulated batches, which come times the loss's scale. */
  gradientNorm(): number {
    return globalNorm(this.#sums, 1 / (this.#accumulated * this.lossScale));
  }

  /** What the gradients were multiplied by; 1 unless in half precision. */
  get lossScale(): number {
    return this.progress.lossScale?.scale ?? 1;
  }

  /** What a step is fed beside its batch. */
  get feeds(): Readonly<Record<string, Floats>> {
    const { lossScale } = this.progress;
    return lossScale === null ? this.values : { ...this.values, [LOSS_SCALE]: float32([], [lossScale.scale]) };
  }

  /** Leaves out the update that the accumulated gradients were for, since they overflowed. */
  skip(position: { readonly epoch: number; readonly batch: number }): void {
    this.#accumulated = 0;
    this.progress = { ...this.progress, ...position, lossScale: observed(this.progress.lossScale, false) };
  }

  /** One update by the mean of the accumulated gradients times `scale`. */
  update(learningRate: number, scale: number): void {
    const gradientScale = scale / (this.#accumulated * this.lossScale);
    this.#optimizer = updateAdamW(this.#optimizer, this.#parameters, this.#sums, { learningRate, gradientScale });
    this.#accumulated = 0;
    const { step, lossScale } = this.progress;
    if (this.#decay > 0) {
      const [average, values] = [this.averaged, this.values].map((each) => Object.values(each).map(({ data }) => data));
      updateAverage(average!, values!, { decay: this.#decay, step: step + 1 });
    }
    this.progress = { ...this.progress, step: step + 1, lossScale: observed(lossScale, true) };
  }

  /** What is saved: arrays are shared, so it must be written before the next update. */
  checkpoint(): Checkpoint {
    return {
      progress: this.progress,
      parameters: new Map(Object.entries(this.values)),
      optimizer: adamWTensors(this.#parameters, this.#optimizer),
      average: this.#decay === 0 ? null : new Map(Object.entries(this.averaged)),
    };
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
