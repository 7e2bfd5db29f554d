/** The compiled step of a detector: two graphs with the loss between them, and the memory that both share. */
import type { CompileOptions, Engine, Program, Tensors } from '../../engines/engine.ts';
import { nameOf } from '../../graph/ir.ts';
import type { Graph } from '../../graph/ir.ts';
import type { SeedSplit } from '../../graph/passes/split-at-seeds.ts';
import { bind } from '../../graph/shape.ts';
import { zeros } from '../../graph/tensor.ts';
import { BATCH } from '../../models/base.ts';
import type { HeadLoss } from './losses.ts';
import type { DetectionTargets } from './loss.ts';

interface Half {
  readonly program: Program;
  readonly inputs: readonly string[];
}

export class DetectionStep {
  readonly #loss: HeadLoss;
  readonly #forward: Half;
  readonly #backward: Half;
  /** Written by one half and read by the other, without a copy: the same memory at each step. */
  readonly #saved: Tensors;

  private constructor(loss: HeadLoss, halves: { forward: Half; backward: Half }, saved: Tensors) {
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

  /** Returns the loss; the gradients are written into `into`. */
  async run(feeds: Tensors, targets: DetectionTargets, progress: number, into: Tensors): Promise<number> {
    await this.#run(this.#forward, feeds, { ...this.#loss.outputs, ...this.#saved });
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
