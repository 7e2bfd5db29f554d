/** What the panel shows: the host's snapshots as signals, and the figures that follow the sliders from them. */
import { computed, signal } from '@preact/signals';
import { advise } from '../../src/shared/advice.ts';
import {
  type DatasetState,
  type SidebarState,
  toViewSidebar,
  type ToHostSidebar,
  type ToViewSidebar,
} from '../../src/shared/protocol/sidebar.ts';
import { jobStore, type KeptLink } from '../job/job-store.ts';
import { openChannel } from '../ui/channel.ts';

export const dataset = signal<DatasetState>({ status: 'none' });

const channel = openChannel<ToHostSidebar, ToViewSidebar, KeptLink>(toViewSidebar, (message) => {
  if (message.type === 'dataset') {
    dataset.value = message.dataset;
    return;
  }
  if (message.type === 'state') dataset.value = message.state.dataset;
  take(message);
});

const { take, ...shared } = jobStore<SidebarState>(channel);
export const { state, plan, job, sendEdits, setLinked } = shared;

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

export const send: typeof channel.post = (message) => {
  channel.post(message);
};

export function act(what: Extract<ToHostSidebar, { type: 'do' }>['what']): void {
  send({ type: 'do', what });
}
