/**
 * A job as a form shows it, and the figures that follow its sliders. What does not depend on where a slider stands is computed once for
 * each plan; a position costs one evaluation, and no message to the host.
 */
import { computed, type ReadonlySignal, signal } from '@preact/signals';
import type { Cost } from '../../src/shared/cost.ts';
import { costFunction, type CostTexts, costTexts } from '../../src/shared/cost-line.ts';
import type { Job } from '../../src/shared/job.ts';
import type { JobReading } from '../../src/shared/job-reading.ts';
import type { PlanState } from '../../src/shared/protocol/job.ts';

interface Position {
  readonly rank: number;
  readonly alpha: number;
}

export interface JobSignals {
  /** The job with the sliders where they are now. */
  readonly shown: ReadonlySignal<Job | null>;
  /** Whether alpha follows the rank. */
  readonly linked: ReadonlySignal<boolean>;
  readonly cost: ReadonlySignal<Cost | null>;
  readonly texts: ReadonlySignal<CostTexts | null>;
  /** The rank is larger than every layer that it could adapt: nothing would be trained but the head. */
  readonly adaptsNothing: ReadonlySignal<boolean>;
  /** While a slider moves; null when the host has answered. */
  slide(position: Position | null): void;
  setLinked(linked: boolean): void;
}

/** `keptLink`: what a person chose before; undefined until then: alpha is linked where it is twice the rank. */
export function jobSignals(
  reading: ReadonlySignal<JobReading | null>,
  plan: ReadonlySignal<PlanState>,
  keptLink: boolean | undefined,
): JobSignals {
  const sliding = signal<Position | null>(null);
  const link = signal(keptLink);
  const shown = computed(() => {
    const job = reading.value?.shown;
    if (job === undefined) return null;
    return sliding.value === null ? job : { ...job, lora: { ...job.lora, ...sliding.value } };
  });
  const linked = computed(() => {
    const lora = reading.value?.shown.lora;
    return link.value ?? (lora === undefined || lora.alpha === 2 * lora.rank);
  });
  const costOf = computed(() => {
    const { result } = plan.value;
    const lora = reading.value?.shown.lora;
    return result === null || lora === undefined ? null : costFunction(result, lora);
  });
  const cost = computed(() => (shown.value === null ? null : (costOf.value?.(shown.value.lora) ?? null)));
  const texts = computed(() => {
    const { result } = plan.value;
    const { value: job } = shown;
    if (cost.value === null || result === null || job === null) return null;
    return costTexts(cost.value, result, job.training.epochs);
  });
  const adaptsNothing = computed(() => shown.value?.method === 'lora' && cost.value?.adaptedModules === 0);
  return {
    adaptsNothing,
    shown,
    linked,
    cost,
    texts,
    slide: (position) => {
      sliding.value = position;
    },
    setLinked: (now) => {
      link.value = now;
    },
  };
}
