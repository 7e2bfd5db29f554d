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
  /** What it keeps between runs; of a program compiled with `state`, which is to be written before the first run. */
  readonly state?: ProgramState | undefined;
  release(): Promise<void>;
}

/** Values of the inputs that a program keeps, by their names. */
export interface ProgramState {
  write(values: Tensors): Promise<void>;
  read(): Promise<Tensors>;
}

export interface CompileOptions {
  /** It runs so rarely that compiling it for a minute would not be repaid. */
  readonly brief?: boolean;
  /** Inputs that are not fed but kept, each with the output that is its value in the next run. For engines that `keepsState`. */
  readonly state?: ReadonlyMap<string, string> | undefined;
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
  /** It can keep values between runs where it computes, so that they need not cross to the host and back. */
  readonly keepsState?: boolean;
  /** It computes in a thread of its own, which reads what it is fed in shared memory without a copy. */
  readonly sharesMemory?: boolean;
  /** Half precision is faster here, by enough to be the automatic choice. */
  readonly prefersHalf?: boolean;
  /** It computes in bfloat16. */
  readonly hasBfloat16?: boolean;
  /** It multiplies matrices faster whose sides are multiples of this. */
  readonly alignment?: number | undefined;
  /** Begins to load what takes long, while the caller does other things first; `compile` tells what is wrong with it. */
  prepare?(options: Pick<CompileOptions, 'threads'>): void;
  compile(graph: Graph, options?: CompileOptions): Promise<Program>;
}
