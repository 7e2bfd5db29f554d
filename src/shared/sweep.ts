/** A sweep: one job for each of several ranks, everything else as it is. Pure. */
import { costFunction } from './cost-line.ts';
import type { Cost } from './cost.ts';
import type { Job } from './job.ts';
import type { PlanResult } from './protocol/results.ts';

/** What a sweep begins with, and the ranks it offers besides the job's own. */
export const SWEEP_RANKS = [4, 8, 16, 32] as const;
const OFFERED = [1, 2, ...SWEEP_RANKS, 64, 128, 256];

/** Of `job.name`; the schema holds the same. */
const MAX_NAME = 80;

export interface SweepChoice {
  readonly rank: number;
  readonly alpha: number;
  /** Null where there is no plan to tell it from. */
  readonly cost: Cost | null;
}

/** The ranks that fit into at least one layer, as far as a plan knows the layers. Alpha keeps its ratio to the rank. */
export function sweepChoices({ lora }: Job, plan: PlanResult | null): SweepChoice[] {
  const costAt = plan === null ? null : costFunction(plan, lora);
  return [...new Set([...OFFERED, lora.rank])]
    .toSorted((a, b) => a - b)
    .map((rank) => {
      const alpha = alphaAt(lora, rank);
      return { rank, alpha, cost: costAt?.({ rank, alpha }) ?? null };
    })
    .filter(({ cost }) => cost === null || cost.adaptedModules > 0);
}

/** `name` is what a job without one is called. */
export function sweepJobs(job: Job, ranks: readonly number[], name: string): Job[] {
  return ranks.map((rank) => {
    const ending = `-r${rank}`;
    const lora = { ...job.lora, rank, alpha: alphaAt(job.lora, rank) };
    return { ...job, name: `${(job.name ?? name).slice(0, MAX_NAME - ending.length)}${ending}`, lora };
  });
}

function alphaAt({ rank, alpha }: Job['lora'], other: number): number {
  return (alpha / rank) * other;
}
