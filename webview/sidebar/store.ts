/** What the panel shows: the host's snapshots as signals, and the figures that follow the sliders from them. */
import { computed, signal } from '@preact/signals';
import { advise } from '../../src/shared/advice.ts';
import type { JobEdit } from '../../src/shared/draft.ts';
import { editMessage, NO_PLAN, type PlanState } from '../../src/shared/protocol/job.ts';
import {
  type DatasetState,
  type SidebarState,
  toViewSidebar,
  type ToHostSidebar,
  type ToViewSidebar,
} from '../../src/shared/protocol/sidebar.ts';
import { jobSignals } from '../job/job-signals.ts';
import { openChannel } from '../ui/channel.ts';

/** The panel's own arrangement. */
interface Kept {
  readonly linked: boolean;
}

export const state = signal<SidebarState | null>(null);
export const plan = signal<PlanState>(NO_PLAN);
export const dataset = signal<DatasetState>({ status: 'none' });
export const faultText = signal<string | null>(null);

const channel = openChannel<ToHostSidebar, ToViewSidebar, Kept>(toViewSidebar, (message) => {
  switch (message.type) {
    case 'state':
      state.value = message.state;
      dataset.value = message.state.dataset;
      job.slide(null);
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

export const job = jobSignals(
  computed(() => state.value?.reading ?? null),
  plan,
  channel.kept?.linked,
);

export const advice = computed(() => {
  const { value: shown } = job.shown;
  const { value: data } = dataset;
  if (shown === null) return [];
  const report = data.status === 'dataset' ? data.report : null;
  return advise({
    job: shown,
    cost: job.cost.value,
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
  send(editMessage(edits));
}

export function setLinked(now: boolean): void {
  job.setLinked(now);
  channel.keep({ linked: now });
}
