/** What package.json contributes, as types: a name that is not here does not compile, and a test holds both lists together. */

export const COMMANDS = [
  'lowrank.fineTune',
  'lowrank.openJob',
  'lowrank.start',
  'lowrank.sweepRanks',
  'lowrank.saveJob',
  'lowrank.undo',
  'lowrank.redo',
  'lowrank.openRun',
  'lowrank.pauseRun',
  'lowrank.resumeRun',
  'lowrank.checkpointRun',
  'lowrank.stopRun',
  'lowrank.continueRun',
  'lowrank.compareRuns',
  'lowrank.revealRun',
  'lowrank.showRunLog',
  'lowrank.refreshRuns',
  'lowrank.renameRun',
  'lowrank.deleteRun',
  'lowrank.copyRunPath',
  'lowrank.filterRuns',
  'lowrank.clearRunsFilter',
  'lowrank.exportRunsCsv',
  'lowrank.inspectAdapter',
  'lowrank.exportAdapter',
  'lowrank.tryIt',
  'lowrank.createSample',
  'lowrank.copyDiagnostics',
  'lowrank.showLog',
] as const;
export type CommandId = (typeof COMMANDS)[number];

/** What a command does with what VS Code or another command hands it: a resource, a tree item, or nothing. */
export type Commands = Readonly<Record<CommandId, (...args: readonly unknown[]) => unknown>>;

export const VIEWS = { lora: 'lowrank.lora', runs: 'lowrank.runs' } as const;

export const EDITORS = {
  job: 'lowrank.job',
  run: 'lowrank.run',
  adapter: 'lowrank.adapter',
  /** The same view on `adapter_config.json`, which opens as text unless it is asked for. */
  adapterConfig: 'lowrank.adapter.config',
} as const;

/** Keys of `when` clauses. */
export const CONTEXT = {
  hasDraft: 'lowrank.hasDraft',
  runStatus: 'lowrank.runStatus',
  runsFiltered: 'lowrank.runsFiltered',
} as const;
