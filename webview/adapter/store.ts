/** What the view knows: the host's state, and its own arrangement, which is kept while it is hidden. */
import { computed, effect, signal } from '@preact/signals';
import { rankStops } from '../../src/shared/adapter-table.ts';
import { type AdapterState, toViewAdapter, type ToHostAdapter } from '../../src/shared/protocol/adapter.ts';
import { whatIf } from '../../src/shared/what-if.ts';
import { openChannel } from '../ui/channel.ts';

interface Arrangement {
  readonly query: string;
  /** That of the what-if slider; null until it is moved. */
  readonly rank: number | null;
  readonly language: string;
  readonly showsConfig: boolean;
}

export const state = signal<AdapterState | null>(null);

const channel = openChannel<ToHostAdapter, ReturnType<(typeof toViewAdapter)['parse']>, Arrangement>(
  toViewAdapter,
  (message) => {
    if (message.type === 'state') {
      state.value = message.state;
      return;
    }
    const now = state.value;
    if (now?.work) state.value = { ...now, work: { ...now.work, done: message.done, total: message.total } };
  },
);

export const post: typeof channel.post = (message) => {
  channel.post(message);
};

export const query = signal(channel.kept?.query ?? '');
export const chosenRank = signal<number | null>(channel.kept?.rank ?? null);
export const language = signal(channel.kept?.language ?? 'python');
export const showsConfig = signal(channel.kept?.showsConfig ?? false);

effect(() => {
  channel.keep({
    query: query.value,
    rank: chosenRank.value,
    language: language.value,
    showsConfig: showsConfig.value,
  });
});

/** Apart, so that the progress of an export draws no table anew. */
export const inspection = computed(() => state.value?.inspection ?? null);
const layers = computed(() => inspection.value?.report.layers ?? []);
export const stops = computed(() => rankStops(layers.value));
export const highestRank = computed(() => stops.value.at(-1) ?? 1);
export const rank = computed(() => Math.min(chosenRank.value ?? highestRank.value, highestRank.value));
export const cut = computed(() => whatIf(layers.value, rank.value));
