/** The optimizer inside the step (resident-step.ts), as the host sees it: what it is fed, and copies of what the engine keeps. */
import type { ProgramState, Tensors } from '../engines/engine.ts';
import { float32 } from '../graph/tensor.ts';
import type { Tensor } from '../graph/tensor.ts';
import { ADAMW, adamWTensors, restoreAdamW } from './optimizer.ts';
import { CONTROLS, FIRST, GRADIENT_NORM, SECOND, SUMS, VALUES } from './resident-step.ts';
import type { Position, StepOptimizer, TrainedTensor, Turn } from './step-optimizer.ts';

type Floats = Tensor<'float32'>;

/** No number of a step is above it; 10³⁸ is near the end of float32. */
const ANY = 1e38;

export class ResidentOptimizer implements StepOptimizer {
  readonly values: Readonly<Record<string, Floats>>;
  readonly results: Readonly<Record<string, Floats>>;
  readonly #state: ProgramState;
  readonly #trained: readonly TrainedTensor[];
  readonly #norm = float32([], [0]);
  /** Vectors of all parameters, of which `values` and the averages are parts. */
  readonly #host: Readonly<Record<string, Floats>>;
  #accumulated = 0;
  #fetched = true;

  /** `stored` are the averages of a checkpoint after `step` updates. */
  constructor(
    state: ProgramState,
    trained: readonly TrainedTensor[],
    stored: ReadonlyMap<string, Tensor> | null,
    accumulates: boolean,
  ) {
    this.#state = state;
    this.#trained = trained;
    const total = trained.reduce((sum, { value }) => sum + value.data.length, 0);
    const vector = (): Floats => float32([total], new Float32Array(total));
    this.#host = {
      [VALUES]: vector(),
      [FIRST]: vector(),
      [SECOND]: vector(),
      ...(accumulates && { [SUMS]: vector() }),
    };
    const values = this.#parts(VALUES);
    trained.forEach(({ value }, index) => {
      values[index]!.set(value.data);
    });
    if (stored !== null) {
      const { first, second } = restoreAdamW(this.#parameters(), stored, 0);
      const [ownFirst, ownSecond] = [this.#parts(FIRST), this.#parts(SECOND)];
      trained.forEach((_, index) => {
        ownFirst[index]!.set(first[index]!);
        ownSecond[index]!.set(second[index]!);
      });
    }
    this.values = Object.fromEntries(
      trained.map(({ name, value: { shape } }, index) => [name, float32(shape, values[index]!)]),
    );
    this.results = { [GRADIENT_NORM]: this.#norm };
  }

  begin(): Promise<void> {
    return this.#state.write(this.#host);
  }

  feeds({ updates, learningRate, clip }: Turn, { step, lossScale }: Position): Tensors {
    const rootBias2 = Math.sqrt(1 - ADAMW.beta2 ** (step + 1));
    const fed: Readonly<Record<keyof typeof CONTROLS, number>> = {
      accumulate: this.#accumulated === 0 ? 0 : 1,
      updateBelow: updates ? ANY : -1,
      gradientScale: 1 / ((this.#accumulated + 1) * lossScale),
      normLimit: clip === 0 ? ANY : clip,
      learningRate,
      stepSize: (learningRate / (1 - ADAMW.beta1 ** (step + 1))) * rootBias2,
      epsilon: ADAMW.epsilon * rootBias2,
    };
    const names = Object.keys(CONTROLS) as (keyof typeof CONTROLS)[];
    return Object.fromEntries(
      names
        .filter((name) => name !== 'accumulate' || this.#host[SUMS] !== undefined)
        .map((name) => [CONTROLS[name], float32([], [fed[name]])]),
    );
  }

  accumulate(): void {
    this.#accumulated += 1;
    this.#fetched = false;
  }

  norm(): number {
    return this.#norm.data[0]!;
  }

  /** The step has updated already, or seen that it must not. */
  end(): void {
    this.#accumulated = 0;
  }

  async fetch(): Promise<void> {
    if (this.#fetched) return;
    const kept = await this.#state.read();
    for (const [name, { data }] of Object.entries(this.#host)) data.set(kept[name]!.data as Float32Array);
    this.#fetched = true;
  }

  abandon(): void {
    this.#accumulated = 0;
    this.#fetched = true;
  }

  averages(): ReadonlyMap<string, Tensor> {
    return adamWTensors(this.#parameters(), { step: 0, first: this.#parts(FIRST), second: this.#parts(SECOND) });
  }

  #parts(vector: string): Float32Array[] {
    let offset = 0;
    return this.#trained.map(({ value: { data } }) =>
      this.#host[vector]!.data.subarray(offset, (offset += data.length)),
    );
  }

  #parameters() {
    return this.#trained.map(({ name, value: { data }, group }) => ({ name, data, group }));
  }
}
