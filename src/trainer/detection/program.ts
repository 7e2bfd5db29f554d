/** The compiled step of a detector: two graphs with the loss between them, and the memory that both share. */
import type { CompileOptions, Engine, Program, ProgramState, Tensors } from '../../engines/engine.ts';
import { nameOf } from '../../graph/ir.ts';
import type { Graph } from '../../graph/ir.ts';
import type { SeedSplit } from '../../graph/passes/split-at-seeds.ts';
import { bind } from '../../graph/shape.ts';
import { zeros } from '../../graph/tensor.ts';
import { BATCH } from '../../models/base.ts';
import type { LossParts } from '../../shared/run/events.ts';
import type { HeadLoss } from './losses.ts';
import type { DetectionTargets } from './loss.ts';

/** What training runs for a batch of pictures. */
export interface DetectorStep {
  /** Of the batch that was run last. */
  readonly parts: LossParts | undefined;
  /** Of a step that updates what it trains. */
  readonly state?: ProgramState | undefined;
  /** `progress` 0…1 says how far training is. Returns the loss; the gradients are written into `into`. */
  run(feeds: Tensors, targets: DetectionTargets, progress: number, into: Tensors): Promise<number>;
  release(): Promise<void>;
}

export interface Half {
  readonly program: Program;
  readonly inputs: readonly string[];
}

export class DetectionStep implements DetectorStep {
  readonly #loss: HeadLoss;
  readonly #forward: Half;
  readonly #backward: Half;
  /** Written by one half and read by the other, without a copy: the same memory at each step. */
  readonly #saved: Tensors;

  /** `saved` is memory for what the first half leaves to the second. */
  constructor(loss: HeadLoss, halves: { readonly forward: Half; readonly backward: Half }, saved: Tensors) {
    this.#loss = loss;
    this.#forward = halves.forward;
    this.#backward = halves.backward;
    this.#saved = saved;
  }

  /** `loss` is for batches of `batch` images, as every step is. */
  static async compile(
    { forward, backward, saved }: SeedSplit,
    loss: HeadLoss,
    { engine, batch, ...options }: CompileOptions & { readonly engine: Engine; readonly batch: number },
  ): Promise<DetectionStep> {
    const half = async (graph: Graph): Promise<Half> => ({
      program: await engine.compile(graph, { ...options, intoOnly: true }),
      inputs: graph.inputs.map((input) => nameOf(input)!),
    });
    const memory = saved.map(({ name, shape, dtype }) => [name, zeros(dtype, bind(shape, { [BATCH]: batch }))]);
    const halves = { forward: await half(forward), backward: await half(backward) };
    return new DetectionStep(loss, halves, Object.fromEntries(memory) as Tensors);
  }

  get parts(): LossParts | undefined {
    return this.#loss.parts;
  }

  async run(feeds: Tensors, targets: DetectionTargets, progress: number, into: Tensors): Promise<number> {
    // A gradient that no loss reaches is computed before there is one.
    await this.#run(this.#forward, feeds, { ...into, ...this.#loss.outputs, ...this.#saved });
    const loss = this.#loss.evaluate(targets, progress);
    await this.#run(this.#backward, { ...feeds, ...this.#loss.seeds, ...this.#saved }, into);
    return loss;
  }

  async #run({ program, inputs }: Half, feeds: Tensors, into: Tensors): Promise<void> {
    await program.run(Object.fromEntries(inputs.map((name) => [name, feeds[name]!])), into);
  }

  async release(): Promise<void> {
    await Promise.all([this.#forward.program.release(), this.#backward.program.release()]);
  }
}
