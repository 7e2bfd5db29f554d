/** A training step compiled for its engine: with the optimizer inside where the engine keeps values between runs, else without. */
import type { CompileOptions, Engine, Program } from '../engines/engine.ts';
import type { Graph } from '../graph/ir.ts';
import type { Initialised } from '../lora/state.ts';
import type { Job } from '../shared/job.ts';
import { parameterGroups } from './parameter-groups.ts';
import { residentStep } from './resident-step.ts';

export interface StepOf {
  readonly engine: Engine;
  readonly job: Job;
  readonly initial: Initialised;
  /** Outputs that the caller reads beside the loss. */
  readonly told?: readonly string[] | undefined;
}

/** `graph` puts out the loss and the gradient of each trained input. Of the compiled one, `state` is what `Training` is to be given. */
export async function compileStep(
  graph: Graph,
  { engine, job, initial, told }: StepOf,
  options: CompileOptions = {},
): Promise<Program> {
  // A moving average is the host's, and wants the values of each step.
  if (engine.keepsState !== true || job.training.ema > 0) return await engine.compile(graph, options);
  const step = residentStep(graph, {
    parameters: parameterGroups(initial.adapted.parameters, job),
    accumulates: job.training.accumulate > 1,
    told,
  });
  return await engine.compile(step.graph, { ...options, state: step.state });
}
