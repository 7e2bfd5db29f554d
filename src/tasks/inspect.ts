import { existsSync, statSync } from 'node:fs';
import { EXPORT_FORMATS } from '../export/formats.ts';
import type { Adapter, AdapterLayer } from '../lora/adapter.ts';
import { inspectOnBase } from '../lora/inspect-on-base.ts';
import { inspectAdapter } from '../lora/inspect.ts';
import { resizeObstacle } from '../lora/resize.ts';
import { weightsFileOf } from '../lora/trained.ts';
import type { Base } from '../models/base.ts';
import { openBase } from '../models/open-base.ts';
import type { AdapterReport } from '../shared/adapter-report.ts';
import { InputError } from '../shared/errors.ts';
import type { AdapterConfigSummary } from '../shared/protocol/results.ts';
import { baseOfAdapter } from '../trainer/base-of-adapter.ts';
import { type LocatedAdapter, locateAdapter } from '../trainer/locate-adapter.ts';
import type { Task } from './task.ts';

export const inspect: Task<'inspect'> = async ({ path, base: named, folders }, { progress, log }) => {
  const located = await locateAdapter(path, { assumeAlpha: true });
  const { adapter, folder, run, job } = located;
  const weights = weightsFileOf(folder);
  const { base, name, report, problem } = await inspected(located, named, folders, progress);
  if (problem !== null) log(problem);
  return {
    folder,
    run: run ?? null,
    file: { path: weights, bytes: statSync(weights).size },
    base: { name, architecture: base?.family ?? adapter.base.architecture ?? null, problem },
    report,
    head: [...new Set([...adapter.saved.keys()].map((tensor) => tensor.replace(/\.[^.]+$/, '')))],
    classNames: adapter.task?.classNames ?? null,
    config: summaryOf(adapter),
    data: job !== undefined && existsSync(job.data) ? job.data : null,
    resizeObstacle: resizeObstacle(adapter),
    formats: EXPORT_FORMATS.filter((format) => base?.detection === undefined || format.detector !== undefined).map(
      ({ name: format, title, output, calibrates }) => ({
        format,
        title,
        output,
        calibrates,
      }),
    ),
  };
};

interface Inspected {
  readonly base: Base | undefined;
  /** What was looked for. */
  readonly name: string | null;
  readonly report: AdapterReport;
  /** Why the report is without a base. */
  readonly problem: string | null;
}

/** An adapter can be looked at where its base is not, or is another. */
async function inspected(
  located: LocatedAdapter,
  named: string | null,
  folders: readonly string[],
  onLayer: (done: number, total: number) => void,
): Promise<Inspected> {
  const { adapter, folder } = located;
  let name = adapter.base.name ?? null;
  try {
    name = baseOfAdapter(named ?? undefined, located, { folders, mayDownload: false });
    const base = await openBase(name);
    return { base, name, report: inspectOnBase(adapter, base, folder, { onLayer }), problem: null };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { base: undefined, name, report: inspectAdapter(adapter, { onLayer }), problem: error.message };
  }
}

function summaryOf({ config, layers }: Adapter): AdapterConfigSummary {
  const all = [...layers.values()];
  return {
    rank: commonest(all, ({ rank }) => rank),
    alpha: commonest(all, ({ alpha }) => alpha),
    useRslora: config.useRslora,
    useDora: config.useDora,
    dropout: config.dropout,
    init: config.init,
    bias: config.bias,
    modulesToSave: config.modulesToSave,
    taskType: config.taskType ?? null,
  };
}

function commonest(layers: readonly AdapterLayer[], of: (layer: AdapterLayer) => number): number | null {
  const counts = new Map<number, number>();
  for (const layer of layers) counts.set(of(layer), (counts.get(of(layer)) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
}
