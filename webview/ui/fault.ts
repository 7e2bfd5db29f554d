/** Why the last thing that was asked for was not done: it goes with the next one that is asked for. */
import { signal } from '@preact/signals';

/** For the user; null where nothing went wrong. A page has one view, so it is one for all of its parts. */
export const faultText = signal<string | null>(null);
