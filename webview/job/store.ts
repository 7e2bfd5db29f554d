/** What the form shows: the host's snapshots as signals, and the figures that follow the sliders from them. */
import { computed } from '@preact/signals';
import { advise } from '../../src/shared/advice.ts';
import { layerCosts } from '../../src/shared/layer-costs.ts';
import { patternValues } from '../../src/shared/module-pattern.ts';
import { type JobState, toViewJob, type ToHostJob, type ToViewJob } from '../../src/shared/protocol/job.ts';
import { chosenTargets } from '../../src/shared/target-tree.ts';
import { type JobTask, taskOfBase } from '../../src/shared/task-defaults.ts';
import { openChannel } from '../ui/channel.ts';
import { jobStore, type KeptLink } from './job-store.ts';

const channel = openChannel<ToHostJob, ToViewJob, KeptLink>(toViewJob, (message) => {
  take(message);
});

const { take, ...shared } = jobStore<JobState>(channel);
export const { state, plan, job, sendEdits, setLinked } = shared;

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

/** As the plan tells it, before there is one as the base's name does. */
export const task = computed<JobTask>(() => {
  const { result } = plan.value;
  if (result !== null) return result.task;
  return taskOfBase(state.value?.reading.shown.base) ?? 'classification';
});

export const advice = computed(() => {
  const { value: shown } = job.shown;
  const { result } = plan.value;
  if (shown === null) return [];
  const images = result?.plan.setup.dataset.images.train ?? null;
  return advise({ job: shown, cost: job.cost.value, memory: result?.memory ?? null, images, imbalance: null });
});

export const send: typeof channel.post = (message) => {
  channel.post(message);
};

export function act(what: Extract<ToHostJob, { type: 'do' }>['what']): void {
  channel.post({ type: 'do', what });
}
