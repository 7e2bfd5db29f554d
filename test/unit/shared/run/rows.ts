/** Runs as they are read, for tests of lists and tables. */
import { jobSchema } from '../../../../src/shared/job.ts';
import type { NewRunEvent, RunEvent } from '../../../../src/shared/run/events.ts';
import type { RunRow } from '../../../../src/shared/run/runs-csv.ts';
import type { RunStatus } from '../../../../src/shared/run/status.ts';
import { summarise } from '../../../../src/shared/run/summary.ts';

interface RowOf {
  readonly name?: string;
  readonly status?: RunStatus;
  readonly job?: object;
  readonly events?: readonly NewRunEvent[];
}

export function rowOf({ name = 'pets', status = 'finished', job = {}, events = [] }: RowOf): RunRow {
  const numbered = events.map((event, index): RunEvent => ({ ...event, seq: index + 1, time: index }));
  return {
    status,
    identity: {
      version: 1,
      id: '2026-01-02-030405-pets',
      name,
      created: Date.UTC(2026, 0, 2, 3, 4, 5),
      versions: { lowrank: '0', node: 'v20', platform: 'linux-x64' },
      job: jobSchema.parse({ data: '/data/pets', base: 'sample', ...job }),
      setup: null,
    },
    summary: summarise(numbered),
    report: null,
  };
}
