/** What a cut by SVD costs, layer by layer. */
import type { Resized } from '../lora/resize.ts';
import type { ResizedLayer } from '../shared/adapter-report.ts';
import { formatShare } from '../shared/format.ts';
import { facts, table } from './table.ts';
import type { Terminal } from './terminal.ts';

export function errorLines(out: Terminal, { layers, error }: Resized): string[] {
  const right = true;
  return [
    ...table<ResizedLayer>(out, layers, [
      { title: 'layer', cell: ({ module }) => module },
      { title: 'rank', cell: ({ rankBefore, rank }) => `${rankBefore} → ${rank}`, right },
      { title: 'error', cell: (layer) => share(layer.error), right },
    ]),
    '',
    ...facts(out, [{ name: 'error of all', value: `${share(error)} of ‖ΔW‖`, style: 'bold' }]),
  ];
}

/** Below this an error is that of rounding: a sum whose rank was no higher is cut without loss. */
const ROUNDING = 1e-6;

function share(error: number): string {
  return formatShare(error < ROUNDING ? 0 : error);
}
