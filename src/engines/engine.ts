/**
 * An engine compiles a graph and runs it. Everything above this line of the architecture (trainer, export, planner) speaks of graphs and
 * tensors only; everything below it knows one runtime.
 */
import type { Form } from '../graph/define.ts';
import type { Graph } from '../graph/ir.ts';
import type { Tensor } from '../graph/tensor.ts';

export type Tensors = Readonly<Record<string, Tensor>>;

/** A compiled graph. */
export interface Program {
  /**
   * Runs once. `feeds` by input name; results by output name, written into the tensors of `into` where it names them.
   * The tensors handed in may be reused as soon as the promise is settled.
   */
  run(feeds: Tensors, into?: Tensors): Promise<Tensors>;
  release(): Promise<void>;
}

export interface CompileOptions {
  /** CPU threads; undefined for the engine's own choice, the physical cores. */
  readonly threads?: number | undefined;
  /** `run` is handed tensors for all results, so that an engine which can spares to hand them back. */
  readonly intoOnly?: boolean | undefined;
  /** Where to leave the graph that the engine really runs, after its own rewriting. */
  readonly dumpTo?: string | undefined;
  /** Where to leave a profile (Chrome trace format), named by prefix. */
  readonly profileTo?: string | undefined;
}

export interface Engine {
  readonly name: string;
  /** What it runs on, as a person calls it. */
  readonly device: string;
  /** What it has graphs written as. */
  readonly form: Form;
  /** It computes on a GPU. */
  readonly gpu?: boolean;
  /** Half precision is faster here, by enough to be the automatic choice. */
  readonly prefersHalf?: boolean;
  /** Ops of a lowered graph that it cannot compute. */
  readonly lacks?: ReadonlySet<string>;
  /** Throws an `InputError` for a graph with an op that it lacks. */
  compile(graph: Graph, options?: CompileOptions): Promise<Program>;
}
