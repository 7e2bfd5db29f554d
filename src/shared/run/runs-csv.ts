/** Runs as a table for spreadsheets and scripts: RFC 4180, numbers with a point and in full, one row a run. Pure. */
import type { RunIdentity } from './identity.ts';
import type { RunReport } from './report.ts';
import type { RunStatus } from './status.ts';
import type { RunSummary } from './summary.ts';

export interface RunRow {
  readonly status: RunStatus;
  readonly identity: RunIdentity;
  readonly summary: RunSummary;
  readonly report: RunReport | null;
}

type Cell = string | number | null;

/** Field names as in job and report, whatever the editor's language: scripts read them. */
const COLUMNS: Readonly<Record<string, (row: RunRow) => Cell>> = {
  id: ({ identity }) => identity.id,
  name: ({ identity }) => identity.name,
  status: ({ status }) => status,
  created: ({ identity }) => new Date(identity.created).toISOString(),
  dataset: ({ identity }) => identity.job.data,
  base: ({ identity }) => identity.job.base,
  method: ({ identity }) => identity.job.method,
  rank: (row) => ofLora(row, row.identity.job.lora.rank),
  alpha: (row) => ofLora(row, row.identity.job.lora.alpha),
  learningRate: ({ identity }) => identity.job.training.learningRate,
  epochs: ({ identity }) => identity.job.training.epochs,
  steps: ({ summary }) => summary.step,
  bestAccuracy: ({ summary }) => summary.best?.accuracy ?? null,
  lastAccuracy: ({ summary }) => summary.evaluations.validation?.accuracy ?? null,
  validationLoss: ({ summary }) => summary.evaluations.validation?.loss ?? null,
  trainingLoss: ({ summary }) => summary.latest?.loss ?? null,
  trainableParameters: ({ identity }) => identity.setup?.parameters.trainable ?? null,
  adapterBytes: ({ identity, report }) => report?.files.adapterBytes ?? identity.setup?.parameters.adapterBytes ?? null,
  seconds: ({ report }) => report?.seconds ?? null,
  'bestMAP50-95': ({ summary }) => summary.best?.detection?.map ?? null,
  'lastMAP50-95': ({ summary }) => summary.evaluations.validation?.detection?.map ?? null,
  lastMAP50: ({ summary }) => summary.evaluations.validation?.detection?.map50 ?? null,
};

/** The other methods train no adapter: their job's rank says nothing. */
function ofLora({ identity }: RunRow, value: number): number | null {
  return identity.job.method === 'lora' ? value : null;
}

export function runsCsv(rows: readonly RunRow[]): string {
  const lines: readonly (readonly Cell[])[] = [
    Object.keys(COLUMNS),
    ...rows.map((row) => Object.values(COLUMNS).map((cellOf) => cellOf(row))),
  ];
  return lines.map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

/** What a spreadsheet takes for the start of a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** A text that a spreadsheet would run as a formula gets an apostrophe before it, which spreadsheets read as "this is text". */
export function csvCell(value: Cell): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
