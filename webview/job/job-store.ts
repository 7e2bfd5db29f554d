/** What panel and form have in common: the host's job and its plan as signals, and the edits that go back. */
import { computed, signal } from '@preact/signals';
import type { JobEdit } from '../../src/shared/draft.ts';
import type { JobReading } from '../../src/shared/job-reading.ts';
import { type edit, editMessage, NO_PLAN, type PlanState } from '../../src/shared/protocol/job.ts';
import type * as z from 'zod';
import type { Channel } from '../ui/channel.ts';
import { jobSignals } from './job-signals.ts';

/** The view's own arrangement. */
export interface KeptLink {
  /** Whether alpha follows the rank. */
  readonly linked: boolean;
}

type JobMessage<State> =
  { readonly type: 'state'; readonly state: State } | { readonly type: 'plan'; readonly plan: PlanState };

export function jobStore<State extends { readonly reading: JobReading | null }>(
  channel: Channel<z.infer<typeof edit>, KeptLink>,
) {
  const state = signal<State | null>(null);
  const plan = signal<PlanState>(NO_PLAN);
  const job = jobSignals(
    computed(() => state.value?.reading ?? null),
    plan,
    channel.kept?.linked,
  );
  return {
    state,
    plan,
    job,
    take: (message: JobMessage<State>): void => {
      if (message.type === 'plan') {
        plan.value = message.plan;
        return;
      }
      state.value = message.state;
      job.slide(null);
    },
    sendEdits: (edits: readonly JobEdit[]): void => {
      channel.post(editMessage(edits));
    },
    setLinked: (now: boolean): void => {
      job.setLinked(now);
      channel.keep({ linked: now });
    },
  };
}
