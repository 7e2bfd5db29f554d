/** The view's end of its channel to the host: typed both ways, validated on arrival. */
import type * as z from 'zod';
import type { Fault } from '../../src/shared/protocol/view.ts';
import { faultText } from './fault.ts';

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

export interface Channel<ToHost, Kept> {
  post(message: ToHost): void;
  /** The view's own arrangement, kept while it is hidden and over reloads; undefined the first time. */
  readonly kept: Kept | undefined;
  keep(arrangement: Kept): void;
}

/** What a view has to know of itself: faults are told in one way everywhere. */
export type Told<ToView> = Exclude<ToView, Fault>;

/**
 * Opens the channel and says `ready`, now and each time the view is shown again. What the host sends that is not in `incoming` is an
 * error of ours, so it is thrown where the developer tools show it.
 */
export function openChannel<ToHost, ToView extends { readonly type: string }, Kept = never>(
  incoming: z.ZodType<ToView>,
  receive: (message: Told<ToView>) => void,
): Channel<ToHost | { type: 'ready' }, Kept> {
  const api = acquireVsCodeApi();
  window.addEventListener('message', (event: MessageEvent<unknown>) => {
    const message = incoming.parse(event.data);
    if (isFault(message)) faultText.value = message.message;
    else receive(message as Told<ToView>);
  });
  const channel: Channel<ToHost | { type: 'ready' }, Kept> = {
    post: (message) => {
      faultText.value = null;
      api.postMessage(message);
    },
    kept: api.getState() as Kept | undefined,
    keep: (arrangement) => {
      api.setState(arrangement);
    },
  };
  channel.post({ type: 'ready' });
  return channel;
}

function isFault(message: { readonly type: string }): message is Fault {
  return message.type === 'fault';
}
