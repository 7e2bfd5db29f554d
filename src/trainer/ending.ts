import type { EndEvent, NewRunEvent } from '../shared/run/events.ts';

/** How a run ends: the last event of its log. */
export type Ending = Extract<NewRunEvent, { type: EndEvent['type'] }>;
