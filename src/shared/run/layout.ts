/** Names of the files and folders in a run folder: what `docs/architecture.md` promises to users and other tools. */

/** Where the runs of a workspace lie, below its root. */
export const RUNS_PATH = ['.lowrank', 'runs'] as const;

export const RUN_PATHS = {
  /** Identity, frozen job and what the trainer found when it opened base and dataset: `identity.ts`. */
  identity: 'run.json',
  /** Append only, one event a line: `events.ts`. */
  events: 'events.jsonl',
  /** The numbers of the events as a table. */
  metrics: 'metrics.csv',
  /** The same of a detector's evaluations, under Ultralytics' column names. */
  results: 'results.csv',
  /** Commands to the trainer, `<n>.json`: `control.ts`. */
  control: 'control',
  /** `step-<n>/` */
  checkpoints: 'checkpoints',
  /** The adapter of the last step, a PEFT directory. */
  adapter: 'adapter',
  /** The adapter of the best evaluation, a PEFT directory. */
  best: 'best',
  /** Sample predictions, `<step>.json`: `samples.ts`. */
  samples: 'samples',
  /** What came of it: `report.ts`. */
  report: 'report.json',
  /** Whatever the trainer wrote to its standard streams. */
  log: 'trainer.log',
  /** Who trains this run, `<n>.json`: `lease.ts`. */
  leases: 'lease',
} as const;
