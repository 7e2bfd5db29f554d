/** What a job will take, as the planner tells it before a run: on the command line and in the editor. */
import type { AdaptableModule } from './adaptable-module.ts';
import type { AdaptedLayer } from './adapted-layer.ts';
import type { CostCoefficients } from './cost.ts';
import type { Job } from './job.ts';
import type { RunSetup } from './run/identity.ts';

export interface Plan {
  /** What the job names, as `run.json` will record it: engine, base, dataset, parameters, steps. */
  readonly setup: RunSetup;
  readonly base: { readonly name: string };
  /** What a person should know of the base, one line each. */
  readonly notes: readonly string[];
  readonly method: Job['method'];
  readonly size: SizePlan;
  readonly layers: readonly PlannedLayer[];
  readonly skipped: readonly {
    readonly module: string;
    readonly kind: AdaptableModule['kind'];
    readonly reason: string;
  }[];
  /** Of one training step, a multiplication and an addition being two. */
  readonly stepFlops: number;
  readonly memory: MemoryPlan;
  readonly time: TimePlan;
  readonly frozen: FrozenPlan;
  /** What the engine reaches on this machine, as measured for this plan. */
  readonly machine: MachineRates;
  /** For `evaluateCost` of cost.ts, which gives this plan's own figures at the job's own rank. */
  readonly coefficients: CostCoefficients;
}

/** Bytes of float32, which is what is written. */
export interface SizePlan {
  /** The weights' file, its header included. */
  readonly file: number;
  readonly adapter: number;
  /** The head and whatever else is trained whole. */
  readonly whole: number;
  readonly header: number;
  /** The weights of a fine-tuned copy of the model, its head included. */
  readonly fullCopy: number;
  /** Full copies over files of this run. */
  readonly saving: number;
  /** The same without the head on either side; null where there is no adapter. */
  readonly savingWithoutHead: number | null;
}

export interface PlannedLayer extends AdaptedLayer {
  /** Of the base's weight. */
  readonly shape: readonly number[];
  /** Whether B·A is added to the weight once a step, or computed beside it; `mixed` where a module runs more than once. */
  readonly form: 'merged' | 'side path' | 'mixed';
}

/** Bytes. */
export interface MemoryPlan {
  readonly total: number;
  /** Node, the engine's code, the graph while it is built, decoding threads. */
  readonly process: number;
  /** Frozen weights: the host's, folded ones, and those that the engine packed. */
  readonly weights: number;
  /** What a step computes and keeps for its backward pass. */
  readonly activations: number;
  /** Trained values with their gradients and moments. */
  readonly trained: number;
  /** Images decoded ahead, images kept, and kept features of images. */
  readonly images: number;
}

/** Seconds. */
export interface TimePlan {
  /** Of the engine and the optimizer, for one batch. */
  readonly step: number;
  /** Mean of the job's epochs, with their evaluations and checkpoints. */
  readonly epoch: number;
  /** What an epoch consists of. */
  readonly training: number;
  readonly evaluation: number;
  readonly saving: number;
  /** All epochs, and the evaluation before the first. Opening and compiling come before it. */
  readonly total: number;
}

/** The layers below everything trained, computed once for each image. */
export interface FrozenPlan {
  readonly training: FrozenCut | null;
  readonly validation: FrozenCut | null;
  /** Why training keeps nothing; null where it does. */
  readonly reason: string | null;
}

/** Where a graph is cut: below it each image is computed once, and what comes out is kept. */
export interface FrozenCut {
  /** The last module that is computed once, and the first that is computed in every step. */
  readonly after: string | null;
  readonly before: string | null;
  /** Of what is kept of one view of one image. */
  readonly shape: readonly number[];
  /** Versions of each image. */
  readonly views: number;
  /** Of all views of all images. */
  readonly bytes: number;
  readonly storage: 'memory' | 'file';
}

export interface MachineRates {
  /** Floating-point operations a second of 1024³ matrix products with a constant right side. */
  readonly flops: number;
  /** Bytes a second that element-wise ops read and write, one operand fresh from the op before, one from long ago: as in a step. */
  readonly bytes: number;
  /** The same on one thread, which is all that some ops use. */
  readonly serialBytes: number;
}
