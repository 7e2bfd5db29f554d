/**
 * Writes what happens in a run: `events.jsonl`, the numbers again as `metrics.csv`, and words into `trainer.log`. Lines are
 * gathered for a moment, since a small model takes hundreds of steps a second; those that a resumption or a view depends on
 * are written at once and forced to the disk.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../formats/atomic-write.ts';
import { readEvents } from '../shared/run/event-log.ts';
import { effectiveEvents, type NewRunEvent, type RunEvent, type RunEventType } from '../shared/run/events.ts';
import { RUN_PATHS } from '../shared/run/layout.ts';
import { Appender } from './appender.ts';
import type { HeldLease } from './lease.ts';
import { METRICS_HEADER, metricsRow } from './metrics.ts';
import { RESULTS_HEADER, ResultsTable } from './results-table.ts';

/** How old the numbers on a screen may be. */
const FLUSH_MS = 200;

/** Steps follow each other closely; every other event is awaited by somebody. */
const GATHERED: ReadonlySet<RunEventType> = new Set(['step']);
/** What must not be lost in a power cut: the files these speak of are themselves forced to the disk. */
const DURABLE: ReadonlySet<RunEventType> = new Set(['checkpoint', 'best', 'finished', 'stopped', 'failed']);

type Claim = Pick<HeldLease, 'check'>;

export class RunLog {
  readonly #folder: string;
  readonly #table: ResultsTable;
  readonly #events: Appender;
  readonly #metrics: Appender;
  readonly #log: Appender;
  /** Only where there is a row. */
  #results: Appender | undefined;
  readonly #lease: Claim | undefined;
  #seq: number;
  #flushed = 0;
  #timer: NodeJS.Timeout | undefined;
  /** What a flush by the timer met, to be thrown where somebody can catch it. */
  #fault: unknown;

  private constructor(
    folder: string,
    seq: number,
    { lease, table }: { readonly lease: Claim | undefined; readonly table: ResultsTable },
  ) {
    this.#folder = folder;
    this.#lease = lease;
    this.#table = table;
    this.#events = new Appender(join(folder, RUN_PATHS.events));
    this.#metrics = new Appender(join(folder, RUN_PATHS.metrics));
    this.#log = new Appender(join(folder, RUN_PATHS.log));
    this.#seq = seq;
  }

  /**
   * Goes on after the last event in the folder. `resumedAt` are the updates done by the checkpoint that training goes on
   * from: the table forgets what was recorded past it. Whoever has lost the lease records no more.
   */
  static async open(folder: string, resumedAt = 0, lease?: Claim): Promise<RunLog> {
    const { events } = await readEvents(folder);
    const measured = effectiveEvents(events).filter((event) => !('step' in event) || event.step <= resumedAt);
    const metrics = join(folder, RUN_PATHS.metrics);
    await writeFileAtomic(metrics, METRICS_HEADER + measured.map(metricsRow).join(''));
    const table = new ResultsTable();
    const rows = measured.map((event) => table.row(event)).join('');
    await rm(join(folder, RUN_PATHS.results), { force: true });
    const log = new RunLog(folder, events.at(-1)?.seq ?? 0, { lease, table });
    log.#addResults(rows);
    return log;
  }

  /** Throws an `InputError` naming the file when the disk is full, and the lease's when the run is no longer this process's. */
  record(event: NewRunEvent): void {
    this.#lease?.check();
    if (this.#fault !== undefined) throw this.#fault as Error;
    const numbered: RunEvent = { ...event, seq: ++this.#seq, time: Date.now() };
    this.#events.add(`${JSON.stringify(numbered)}\n`);
    this.#metrics.add(metricsRow(numbered));
    this.#addResults(this.#table.row(numbered));
    if (DURABLE.has(event.type)) this.sync();
    else if (!GATHERED.has(event.type) || Date.now() - this.#flushed >= FLUSH_MS) this.flush();
    else this.#flushLater();
  }

  #addResults(rows: string): void {
    if (rows === '') return;
    if (this.#results === undefined) {
      this.#results = new Appender(join(this.#folder, RUN_PATHS.results));
      this.#results.add(RESULTS_HEADER);
    }
    this.#results.add(rows);
    this.#results.flush();
  }

  /** A line for `trainer.log`, with its time. */
  log(message: string): void {
    this.#log.add(`${new Date().toISOString()} ${message}\n`);
    this.#log.flush();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushed = Date.now();
    this.#events.flush();
    this.#metrics.flush();
  }

  #flushLater(): void {
    this.#timer ??= setTimeout(() => {
      try {
        this.flush();
      } catch (error) {
        this.#fault = error;
      }
    }, FLUSH_MS).unref();
  }

  sync(): void {
    this.flush();
    this.#events.sync();
    this.#metrics.sync();
  }

  close(): void {
    this.sync();
    for (const file of [this.#events, this.#metrics, this.#log, this.#results]) file?.close();
  }
}
