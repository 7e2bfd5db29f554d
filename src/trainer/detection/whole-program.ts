/** The compiled step of a detector whose loss is a part of its graph. */
import type { ProgramState, Tensors } from '../../engines/engine.ts';
import type { Graph } from '../../graph/ir.ts';
import { float32 } from '../../graph/tensor.ts';
import type { Anchors } from '../../models/anchors.ts';
import type { LossParts } from '../../shared/run/events.ts';
import { compileStep } from '../compile-step.ts';
import type { Session } from '../session.ts';
import { LOSS, WEIGHTS } from '../step.ts';
import { denseTargets } from './dense-targets.ts';
import type { DetectionTargets } from './loss.ts';
import { sharesOf } from './losses.ts';
import type { DetectorStep } from './program.ts';
import { LOSS_PARTS, SHARES, TARGETS } from './whole-step.ts';

interface Whole {
  readonly anchors: Anchors;
  /** Of the head. */
  readonly branches: number;
  readonly threads: number;
}

export class WholeDetectionStep implements DetectorStep {
  parts: LossParts | undefined;
  readonly #program: Awaited<ReturnType<typeof compileStep>>;
  readonly #whole: Whole;
  /** The engine compiles anew for other shapes, so that they are always those of the fullest image that there may be. */
  readonly #full: boolean;

  private constructor(
    program: Awaited<ReturnType<typeof compileStep>>,
    { full, ...whole }: Whole & { readonly full: boolean },
  ) {
    this.#program = program;
    this.#whole = whole;
    this.#full = full;
  }

  static async compile(graph: Graph, session: Session, whole: Whole): Promise<WholeDetectionStep> {
    const told = Object.values(LOSS_PARTS);
    const program = await compileStep(graph, { ...session, told }, { threads: whole.threads });
    return new WholeDetectionStep(program, { ...whole, full: session.engine.form === 'tensorflow' });
  }

  get state(): ProgramState | undefined {
    return this.#program.state;
  }

  async run(feeds: Tensors, targets: DetectionTargets, progress: number, into: Tensors): Promise<number> {
    const { anchors, branches } = this.#whole;
    const fed: Tensors = {
      ...feeds,
      [TARGETS]: denseTargets(targets, anchors, { full: this.#full }),
      [WEIGHTS]: float32([targets.weights.length], targets.weights),
      ...(branches > 1 && { [SHARES]: float32([branches], sharesOf(branches, progress)) }),
    };
    const results = await this.#program.run(fed, into);
    const numberOf = (name: string): number => results[name]!.data[0] as number;
    const { box, cls, dfl } = LOSS_PARTS;
    this.parts = { box: numberOf(box), cls: numberOf(cls), dfl: numberOf(dfl) };
    return numberOf(LOSS);
  }

  release(): Promise<void> {
    return this.#program.release();
  }
}
