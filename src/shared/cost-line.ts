/**
 * The figures that follow a slider: one evaluation of the planner's coefficients for each position, with everything that does not
 * depend on the position computed once.
 */
import { type Cost, type CostPosition, prepareCost } from './cost.ts';
import { formatBytes, formatDuration, formatInteger, formatShare } from './format.ts';
import type { Job } from './job.ts';
import { patternValues } from './module-pattern.ts';
import type { PlanResult } from './protocol/results.ts';

export type CostFunction = (position: CostPosition) => Cost;

/** `lora.rankPattern` gives single modules a rank that the slider leaves alone. */
export function costFunction({ plan }: PlanResult, lora: Omit<Job['lora'], keyof CostPosition>): CostFunction {
  const targets = new Set([...plan.layers, ...plan.skipped].map(({ module }) => module));
  const { useRslora, useDora, init, rankPattern } = lora;
  const paths = plan.coefficients.modules.map(({ module }) => module.path);
  const ranks = ranksOf(paths, rankPattern);
  return prepareCost(plan.coefficients, {
    useRslora,
    useDora,
    init,
    dtype: 'float32',
    isTarget: (path) => targets.has(path),
    ...(ranks.size > 0 && { rankOf: (path) => ranks.get(path) }),
  });
}

function ranksOf(paths: readonly string[], rankPattern: Job['lora']['rankPattern']): ReadonlyMap<string, number> {
  if (Object.keys(rankPattern).length === 0) return new Map();
  const find = patternValues(rankPattern, 'lora.rankPattern');
  return new Map(
    paths.flatMap((path) => {
      const found = find(path);
      return found === undefined ? [] : [[path, found.value]];
    }),
  );
}

/** The same figures as texts; the words around them are the view's. */
export interface CostTexts {
  readonly trainable: string;
  /** Of the whole model. */
  readonly share: string;
  readonly adapter: string;
  /** Part of `adapter`; null where no head is trained whole. */
  readonly head: string | null;
  readonly fullCopy: string;
  /** How many adapters take the space of one full copy: `286`. */
  readonly factor: string;
  readonly memory: string;
  readonly machineMemory: string;
  readonly epoch: string;
  readonly total: string;
}

export function costTexts(cost: Cost, { memory }: Pick<PlanResult, 'memory'>, epochs: number): CostTexts {
  const { savingFactor } = cost;
  return {
    trainable: formatInteger(cost.trainableParameters),
    share: formatShare(cost.share),
    adapter: formatBytes(cost.adapterBytes),
    head: cost.savedBytes === 0 ? null : formatBytes(cost.savedBytes),
    fullCopy: formatBytes(cost.fullCopyBytes),
    factor: savingFactor < 10 ? savingFactor.toFixed(1) : formatInteger(savingFactor),
    memory: formatBytes(cost.memoryBytes),
    machineMemory: formatBytes(memory.total),
    epoch: formatDuration(rounded(cost.secondsPerEpoch)),
    total: formatDuration(rounded(cost.secondsPerEpoch * epochs)),
  };
}

/** A plan is good to a quarter: seconds of an hour would only flicker. */
function rounded(seconds: number): number {
  return seconds > 0 && Number.isFinite(seconds) ? Number(seconds.toPrecision(2)) : seconds;
}
