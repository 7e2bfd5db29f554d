/** The view's end of its channel to the host: typed both ways, validated on arrival. */
import type * as z from 'zod';

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

/**
 * Opens the channel and says `ready`, now and each time the view is shown again. What the host sends that is not in `incoming` is an
 * error of ours, so it is thrown where the developer tools show it.
 */
export function openChannel<ToHost, ToView, Kept = never>(
  incoming: z.ZodType<ToView>,
  receive: (message: ToView) => void,
): Channel<ToHost | { type: 'ready' }, Kept> {
  const api = acquireVsCodeApi();
  window.addEventListener('message', (event: MessageEvent<unknown>) => {
    receive(incoming.parse(event.data));
  });
  const channel: Channel<ToHost | { type: 'ready' }, Kept> = {
    post: (message) => {
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
