/** What the form shows: the host's snapshots as signals, and the figures that follow the sliders from them. */
import { computed, signal } from '@preact/signals';
import { advise } from '../../src/shared/advice.ts';
import type { JobEdit } from '../../src/shared/draft.ts';
import { layerCosts } from '../../src/shared/layer-costs.ts';
import { patternValues } from '../../src/shared/module-pattern.ts';
import {
  editMessage,
  type JobState,
  NO_PLAN,
  type PlanState,
  toViewJob,
  type ToHostJob,
  type ToViewJob,
} from '../../src/shared/protocol/job.ts';
import { chosenTargets } from '../../src/shared/target-tree.ts';
import { openChannel } from '../ui/channel.ts';
import { jobSignals } from './job-signals.ts';

interface Kept {
  readonly linked: boolean;
}

export const state = signal<JobState | null>(null);
export const plan = signal<PlanState>(NO_PLAN);
export const faultText = signal<string | null>(null);

const channel = openChannel<ToHostJob, ToViewJob, Kept>(toViewJob, (message) => {
  switch (message.type) {
    case 'state':
      state.value = message.state;
      job.slide(null);
      return;
    case 'plan':
      plan.value = message.plan;
      return;
    case 'fault':
      faultText.value = message.message;
      return;
    default:
      message satisfies never;
  }
});

export const job = jobSignals(
  computed(() => state.value?.reading ?? null),
  plan,
  channel.kept?.linked,
);

/** Modules that get an adapter; once for each choice, not for each position of a slider. */
export const targets = computed<ReadonlySet<string>>(() => {
  const { result } = plan.value;
  const lora = state.value?.reading.shown.lora;
  if (result === null || lora === undefined) return new Set();
  const chosen = chosenTargets(result.modules, lora);
  // Names of older versions of a model are known to the planner alone.
  if (chosen.size > 0) return chosen;
  return new Set([...result.plan.layers, ...result.plan.skipped].map(({ module }) => module));
});

const rankOf = computed(() => {
  const pattern = state.value?.reading.shown.lora.rankPattern ?? {};
  if (Object.keys(pattern).length === 0) return () => undefined;
  const find = patternValues(pattern, 'lora.rankPattern');
  return (path: string) => find(path)?.value;
});

export const layers = computed(() => {
  const { result } = plan.value;
  const { value: shown } = job.shown;
  if (result === null || shown === null) return [];
  return layerCosts(result.plan.coefficients, shown.lora, (path) => targets.value.has(path), rankOf.value);
});

export const advice = computed(() => {
  const { value: shown } = job.shown;
  const { result } = plan.value;
  if (shown === null) return [];
  const images = result?.plan.setup.dataset.images.train ?? null;
  return advise({ job: shown, cost: job.cost.value, memory: result?.memory ?? null, images, imbalance: null });
});

function send(message: ToHostJob): void {
  faultText.value = null;
  channel.post(message);
}

export function act(what: Extract<ToHostJob, { type: 'do' }>['what']): void {
  send({ type: 'do', what });
}

export function sendEdits(edits: readonly JobEdit[]): void {
  send(editMessage(edits));
}

export function setLinked(now: boolean): void {
  job.setLinked(now);
  channel.keep({ linked: now });
}
