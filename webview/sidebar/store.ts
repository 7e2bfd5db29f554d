/** What the panel shows: the host's snapshots as signals, and the figures that follow the sliders from them. */
import { computed, signal } from '@preact/signals';
import { advise } from '../../src/shared/advice.ts';
import { costFunction, costTexts } from '../../src/shared/cost-line.ts';
import type { JobEdit } from '../../src/shared/draft.ts';
import type { Job } from '../../src/shared/job.ts';
import type { PlanState } from '../../src/shared/protocol/job.ts';
import { NO_PLAN } from '../../src/shared/protocol/job.ts';
import {
  type DatasetState,
  type SidebarState,
  toViewSidebar,
  type ToHostSidebar,
  type ToViewSidebar,
} from '../../src/shared/protocol/sidebar.ts';
import { openChannel } from '../ui/channel.ts';

/** The panel's own arrangement. */
interface Kept {
  readonly linked: boolean | null;
}

export const state = signal<SidebarState | null>(null);
export const plan = signal<PlanState>(NO_PLAN);
export const dataset = signal<DatasetState>({ status: 'none' });
export const faultText = signal<string | null>(null);
/** Where the sliders are while they are moved; null when the draft says it. */
export const sliding = signal<{ readonly rank: number; readonly alpha: number } | null>(null);

const channel = openChannel<ToHostSidebar, ToViewSidebar, Kept>(toViewSidebar, (message) => {
  switch (message.type) {
    case 'state':
      state.value = message.state;
      dataset.value = message.state.dataset;
      sliding.value = null;
      return;
    case 'plan':
      plan.value = message.plan;
      return;
    case 'dataset':
      dataset.value = message.dataset;
      return;
    case 'fault':
      faultText.value = message.message;
      return;
    default:
      message satisfies never;
  }
});

/** Whether alpha follows the rank; null until a person said so: then it does where it is twice the rank. */
const linkChosen = signal<boolean | null>(channel.kept?.linked ?? null);

/** The job as the form shows it, the moving sliders included. */
export const shown = computed<Job | null>(() => {
  const job = state.value?.reading?.shown;
  if (job === undefined) return null;
  const { value: moving } = sliding;
  return moving === null ? job : { ...job, lora: { ...job.lora, ...moving } };
});

export const linked = computed(() => {
  const lora = state.value?.reading?.shown.lora;
  return linkChosen.value ?? (lora === undefined || lora.alpha === 2 * lora.rank);
});

/** Made once for each plan, not for each position of a slider. */
const costOf = computed(() => {
  const { result } = plan.value;
  const pattern = state.value?.reading?.shown.lora.rankPattern;
  return result === null || pattern === undefined ? null : costFunction(result, pattern);
});

export const cost = computed(() => {
  const { value: job } = shown;
  return job === null ? null : (costOf.value?.(job.lora) ?? null);
});

export const texts = computed(() => {
  const { result } = plan.value;
  const { value: job } = shown;
  return cost.value === null || result === null || job === null
    ? null
    : costTexts(cost.value, result, job.training.epochs);
});

export const advice = computed(() => {
  const { value: job } = shown;
  const { value: data } = dataset;
  if (job === null) return [];
  const report = data.status === 'dataset' ? data.report : null;
  return advise({
    job,
    cost: cost.value,
    memory: plan.value.result?.memory ?? null,
    images: report?.counts.train ?? null,
    imbalance: report?.imbalance ?? null,
  });
});

export function send(message: ToHostSidebar): void {
  faultText.value = null;
  channel.post(message);
}

export function act(what: Extract<ToHostSidebar, { type: 'do' }>['what']): void {
  send({ type: 'do', what });
}

export function sendEdits(edits: readonly JobEdit[]): void {
  send({ type: 'edit', edits: edits.map(({ path, value }) => ({ path: [...path], value: value as number })) });
}

export function setLinked(now: boolean): void {
  linkChosen.value = now;
  channel.keep({ linked: now });
}
