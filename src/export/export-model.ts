/** An adapter and its base as files that others run: the one function behind `lowrank merge` and the editor's export. */
import type { Engine } from '../engines/engine.ts';
import type { ExportReport, ImageSource } from './format.ts';

export interface ExportRequest {
  /** An adapter's folder, or a run's, of which the best adapter is taken. */
  readonly adapter: string;
  /** What `openBase` opens; undefined for the base that the adapter names. */
  readonly base?: string | undefined;
  /** A name out of `EXPORT_FORMATS` (formats.ts). */
  readonly format: string;
  /** The file or, by the format, the folder to write. */
  readonly out: string;
  readonly engine: Engine;
  /** To calibrate on and compare with; without them noise is compared with, and formats that calibrate are refused. */
  readonly images?: ImageSource | undefined;
  readonly threads?: number | undefined;
}

/**
 * Merges, writes, and compares what was written with base and adapter side by side. Throws InputError for what cannot be opened or does
 * not fit together, and where the export differs by more than its format allows; then nothing is left behind.
 */
export function exportModel(request: ExportRequest): Promise<ExportReport> {
  return Promise.reject(new Error(`not written yet: ${request.format}`));
}
