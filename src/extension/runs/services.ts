/** What the commands on runs work with. */
import type { Host } from '../host.ts';
import type { Catalogue } from './catalogue.ts';
import type { RunsFilter } from './filter.ts';
import type { Starter } from './starter.ts';

export interface RunServices {
  readonly host: Omit<Host, 'runs'>;
  readonly catalogue: Catalogue;
  readonly starter: Starter;
  readonly filter: RunsFilter;
  open(folder: string): Promise<void>;
}
