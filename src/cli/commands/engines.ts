import { engineOptions } from '../../engines/options.ts';
import { formatBytes } from '../../shared/format.ts';
import { defineCommand } from '../command.ts';
import { PACK_ACTIONS, performOnPacks } from '../engine-packs.ts';
import { optional, text } from '../parameters.ts';
import { table } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import type { CardOption } from '../../shared/protocol/engines.ts';

export const engines = defineCommand({
  name: 'engines',
  summary: 'Tell what this machine can train on',
  details:
    'Tells what this machine can train on. With an action it is about engine packs, the native libraries that an engine takes from ' +
    `outside: ${PACK_ACTIONS.join(', ')}. A pack runs native code of whoever made it: install those you trust. Names are looked up ` +
    'in an index, a file or an address in --index or LOWRANK_ENGINE_INDEX.',
  examples: [
    'engines',
    'engines install onnxruntime-cuda',
    'engines install ./tensorflow-cpu-2.21.0.1-linux-x64.lowrank-engine',
    'engines list',
    'engines update',
    'engines remove onnxruntime-cuda',
  ],
  positionals: {
    action: optional(`About packs: ${PACK_ACTIONS.join(', ')}`),
    pack: optional('The name of a pack; for install also a file or an address'),
  },
  flags: {
    index: text('<file|url>', 'The index of packs that names are looked up in (default: LOWRANK_ENGINE_INDEX)'),
    sha256: text('<hex>', 'What the archive to install must be'),
  },
  async run({ action, ...rest }, site) {
    if (action !== undefined) return await performOnPacks({ action, ...rest }, site);
    const { engines: found, cards } = await engineOptions({ retry: true });
    return {
      json: { engines: found, cards },
      lines: (out) => [
        ...table(out, found, [
          { title: 'engine', cell: ({ name }) => name },
          { title: 'device', cell: ({ device }) => device },
          { title: 'memory', cell: ({ memory }) => (memory === null ? '' : formatBytes(memory)), right: true },
          { title: 'driver', cell: ({ driver }) => driver ?? '' },
          { title: 'state', cell: ({ state, automatic }) => (automatic ? `${state}, chosen by auto` : state) },
          { title: '', cell: ({ reason }) => reason ?? '' },
        ]),
        ...(cards.length === 0 ? [] : ['', ...cardLines(out, cards)]),
      ],
    };
  },
});

/** What `--device` chooses from. */
function cardLines(out: Terminal, cards: readonly CardOption[]): string[] {
  return table(out, cards, [
    { title: 'card', cell: ({ index }) => String(index) },
    { title: 'name', cell: ({ name }) => name },
    { title: 'free', cell: ({ memory, memoryUsed }) => formatBytes(memory - memoryUsed), right: true },
    { title: 'uuid', cell: ({ uuid }) => uuid },
    { title: '', cell: ({ usedBy }) => (usedBy === null ? '' : `used by ${usedBy}`) },
  ]);
}
