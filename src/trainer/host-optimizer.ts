/** The optimizer on the host: for engines that hand out gradients and are fed what they train. */
import type { Tensors } from '../engines/engine.ts';
import { float32 } from '../graph/tensor.ts';
import type { Tensor } from '../graph/tensor.ts';
import { accumulate, globalNorm } from './gradients.ts';
import { adamWTensors, initAdamW, restoreAdamW, updateAdamW } from './optimizer.ts';
import type { AdamWState, OptimizedParameter } from './optimizer.ts';
import { gradientOf } from './step.ts';
import type { Position, StepOptimizer, TrainedTensor } from './step-optimizer.ts';

type Floats = Tensor<'float32'>;

export class HostOptimizer implements StepOptimizer {
  readonly values: Readonly<Record<string, Floats>>;
  readonly results: Readonly<Record<string, Floats>>;
  readonly #parameters: readonly OptimizedParameter[];
  readonly #gradients: readonly Float32Array[];
  readonly #sums: readonly Float32Array[];
  #state: AdamWState;
  #accumulated = 0;

  /** `stored` are the averages of a checkpoint after `step` updates. */
  constructor(trained: readonly TrainedTensor[], stored: ReadonlyMap<string, Tensor> | null, step: number) {
    this.values = Object.fromEntries(trained.map(({ name, value }) => [name, value]));
    this.#parameters = trained.map(({ name, value, group }) => ({ name, data: value.data, group }));
    const zeros = ({ shape, data }: Floats): Floats => float32(shape, new Float32Array(data.length));
    this.results = Object.fromEntries(trained.map(({ name, value }) => [gradientOf(name), zeros(value)]));
    this.#gradients = Object.values(this.results).map(({ data }) => data);
    this.#sums = this.#gradients.map(({ length }) => new Float32Array(length));
    this.#state = stored === null ? initAdamW(this.#parameters) : restoreAdamW(this.#parameters, stored, step);
  }

  begin(): Promise<void> {
    return Promise.resolve();
  }

  feeds(): Tensors {
    return this.values;
  }

  accumulate(): void {
    if (this.#accumulated === 0)
      this.#sums.forEach((sum, index) => {
        sum.set(this.#gradients[index]!);
      });
    else accumulate(this.#sums, this.#gradients);
    this.#accumulated += 1;
  }

  norm({ lossScale }: Position): number {
    return globalNorm(this.#sums, 1 / (this.#accumulated * lossScale));
  }

  end(update: Parameters<StepOptimizer['end']>[0]): void {
    if (update !== null) {
      const { learningRate, factor, position } = update;
      const gradientScale = factor / (this.#accumulated * position.lossScale);
      this.#state = updateAdamW(this.#state, this.#parameters, this.#sums, { learningRate, gradientScale });
    }
    this.#accumulated = 0;
  }

  fetch(): Promise<void> {
    return Promise.resolve();
  }

  abandon(): void {
    this.#accumulated = 0;
  }

  averages(): ReadonlyMap<string, Tensor> {
    return adamWTensors(this.#parameters, this.#state);
  }
}
