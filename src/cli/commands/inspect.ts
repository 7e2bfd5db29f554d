import type { Adapter } from '../../lora/adapter.ts';
import { inspectOnBase } from '../../lora/inspect-on-base.ts';
import { inspectAdapter } from '../../lora/inspect.ts';
import { openBase } from '../../models/open-base.ts';
import type { AdapterReport, LayerReport } from '../../shared/adapter-report.ts';
import { InputError } from '../../shared/errors.ts';
import { formatBytes, formatInteger, formatShare } from '../../shared/format.ts';
import { baseOfAdapter } from '../../trainer/base-of-adapter.ts';
import { type LocatedAdapter, locateAdapter } from '../../trainer/locate-adapter.ts';
import { defineCommand } from '../command.ts';
import { one, text } from '../parameters.ts';
import { here } from '../run-result.ts';
import { type Column, type Fact, facts, table } from '../table.ts';
import { paint, plain, type Terminal } from '../terminal.ts';

export const inspect = defineCommand({
  name: 'inspect',
  summary: 'Show what an adapter costs, saves and changes, layer by layer',
  details:
    'Shows rank, alpha, scale, size, share of the layer and effective rank of each layer of any PEFT adapter; with its base ' +
    'also how much it changes the weights and how a whole copy compares. A run is shown with its own base.',
  examples: ['inspect .lowrank/runs/2026-03-01-142530-flowers', 'inspect ./adapter --base ./vit'],
  positionals: { adapter: one('An adapter folder (PEFT), or a run') },
  flags: { base: text('<model>', 'The base it belongs to') },
  async run({ adapter: path, base: named }, { logs }) {
    const located = await locateAdapter(path, { assumeAlpha: true });
    const { folder, adapter } = located;
    const report =
      named === undefined
        ? await inspectOnOwnBase(located, logs)
        : inspectOnBase(adapter, await openBase(named), folder);
    return {
      json: { folder, base: adapter.base, task: adapter.task ?? null, ...report },
      lines: (out) => linesOf(out, folder, adapter, report),
    };
  },
});

/** An adapter can be looked at where its base is not. */
async function inspectOnOwnBase(located: LocatedAdapter, logs: Terminal): Promise<AdapterReport> {
  const { adapter, folder } = located;
  try {
    const name = baseOfAdapter(undefined, located, { folders: [process.cwd()], mayDownload: false });
    return inspectOnBase(adapter, await openBase(name), folder);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    logs.write(`${paint(logs, 'yellow', 'warning:')} shown without its base: ${plain(error.message)}\n`);
    return inspectAdapter(adapter);
  }
}

function linesOf(out: Terminal, folder: string, adapter: Adapter, report: AdapterReport): string[] {
  const warnings = report.warnings.map((warning) => `${paint(out, 'yellow', 'warning:')} ${plain(warning)}`);
  const layers = report.layers.length === 0 ? [] : [...table(out, report.layers, columnsOf(report.layers)), ''];
  return [...layers, ...facts(out, totals(folder, adapter, report)), ...warnings];
}

function columnsOf(layers: readonly LayerReport[]): Column<LayerReport>[] {
  const right = true;
  return [
    { title: 'layer', cell: ({ module }) => module },
    { title: 'kind', cell: ({ kind }) => kind },
    { title: 'rank', cell: ({ rank }) => String(rank), right },
    { title: 'alpha', cell: ({ alpha }) => short(alpha), right },
    { title: 'scale', cell: ({ scale }) => short(scale), right },
    { title: 'parameters', cell: ({ parameters }) => formatInteger(parameters), right },
    { title: 'size', cell: ({ bytes }) => formatBytes(bytes), right },
    { title: 'of layer', cell: ({ share }) => formatShare(share), right },
    { title: 'effective rank', cell: ({ effectiveRank }) => effectiveRank?.toFixed(2) ?? '–', right },
    ...(layers.some(({ relativeDelta }) => relativeDelta !== undefined)
      ? [{ title: '‖ΔW‖/‖W‖', cell: ({ relativeDelta }: LayerReport) => ratio(relativeDelta), right }]
      : [{ title: '‖ΔW‖', cell: ({ deltaNorm }: LayerReport) => ratio(deltaNorm), right }]),
  ];
}

function totals(folder: string, { base, task }: Adapter, report: AdapterReport): (Fact | null)[] {
  const { adapter, saved, fullCopy, relativeDelta, dtype, layers } = report;
  const both = { parameters: adapter.parameters + saved.parameters, bytes: adapter.bytes + saved.bytes };
  const sized = ({ parameters, bytes }: typeof both): string =>
    `${formatInteger(parameters)} parameters, ${formatBytes(bytes)}`;
  return [
    { name: 'adapter', value: `${here(folder)} (${dtype})` },
    base.name === undefined ? null : { name: 'base', value: base.name },
    task === undefined ? null : { name: 'classes', value: task.classNames.join(', ') },
    layers.length === 0 ? null : { name: 'LoRA', value: `${sized(adapter)} in ${layers.length} layers` },
    saved.parameters === 0 ? null : { name: 'trained whole', value: sized(saved) },
    fullCopy === undefined
      ? { name: 'together', value: sized(both) }
      : {
          name: 'together',
          value:
            `${sized(both)}: ${formatShare(both.parameters / fullCopy.parameters)} of a whole copy, which takes ` +
            `${formatBytes(fullCopy.bytes)} (${fullCopy.factor.toPrecision(3)} times as much)`,
          style: 'bold',
        },
    relativeDelta === undefined ? null : { name: '‖ΔW‖/‖W‖', value: `${ratio(relativeDelta)} over the adapted layers` },
  ];
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function ratio(value: number | undefined): string {
  return value === undefined ? '–' : value.toPrecision(3);
}
