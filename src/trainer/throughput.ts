/** Images a second and seconds of training, evaluations and pauses left out of the rate. */
export class Throughput {
  /** Seconds from the start of this process to the end of its first update. */
  firstStepSeconds: number | null = null;
  readonly #before: number;
  readonly #started = performance.now();
  #lapStarted = performance.now();
  #lapImages = 0;
  #images = 0;
  #milliseconds = 0;

  /** `before`: seconds of training by earlier processes of the run. */
  constructor(before: number) {
    this.#before = before;
  }

  /** Seconds of training over all processes of the run. */
  get seconds(): number {
    return this.#before + (performance.now() - this.#started) / 1000;
  }

  /** Over all updates of this process but the first, which pays for what the engine puts off until then. */
  get imagesPerSecond(): number | null {
    return this.#milliseconds === 0 ? null : (this.#images / this.#milliseconds) * 1000;
  }

  /** Counts the images of a batch that are no padding. */
  count(weights: Float32Array): void {
    for (const weight of weights) if (weight !== 0) this.#lapImages += 1;
  }

  /** Ends an update; returns its images a second. */
  lap(): number {
    const now = performance.now();
    const elapsed = now - this.#lapStarted;
    const rate = (this.#lapImages / elapsed) * 1000;
    if (this.firstStepSeconds === null) {
      this.firstStepSeconds = now / 1000;
    } else {
      this.#images += this.#lapImages;
      this.#milliseconds += elapsed;
    }
    this.#lapStarted = now;
    this.#lapImages = 0;
    return rate;
  }

  /** Waits for what is no training: it does not count against the rate. */
  async without<T>(work: Promise<T>): Promise<T> {
    const before = performance.now();
    const result = await work;
    this.#lapStarted += performance.now() - before;
    return result;
  }
}
