/** What the view knows: the host's state, grown by the predictions as they come. */
import { signal } from '@preact/signals';
import { grown, type ToHostTry, toViewTry, type TryState } from '../../src/shared/protocol/try.ts';
import { openChannel } from '../ui/channel.ts';

export const state = signal<TryState | null>(null);

const channel = openChannel<ToHostTry, ReturnType<(typeof toViewTry)['parse']>>(toViewTry, (message) => {
  if (message.type === 'state') {
    state.value = message.state;
    return;
  }
  const now = state.value;
  if (now === null) return;
  state.value = grown(now, message.part);
});

export function post(message: ToHostTry): void {
  channel.post(message);
}
