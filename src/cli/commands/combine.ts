import { resolve } from 'node:path';
import { combine as combineAdapters, combineToRank, type WeightedAdapter } from '../../lora/combine.ts';
import { writeAdapter } from '../../lora/write-adapter.ts';
import { locateLora } from '../../trainer/locate-adapter.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../exit-codes.ts';
import { many, number, parseNumber, required, text } from '../parameters.ts';
import { errorLines } from '../resized.ts';
import { here } from '../run-result.ts';

export const combine = defineCommand({
  name: 'combine',
  summary: 'Add several adapters of one base into one',
  details:
    'Adds several adapters of one base into one: the weighted sum of their ΔW, exact with the ranks summed, or cut to --rank ' +
    'by SVD. Heads are averaged.',
  examples: ['combine ./a ./b --out ./both', 'combine ./a ./b --weights 0.7,0.3 --rank 8 --out ./both'],
  positionals: { adapters: many('Adapter folders (PEFT), or runs') },
  flags: {
    weights: text('<numbers>', 'One for each adapter, with commas between (default: 1 over their number)'),
    rank: number('<r>', 'Cut the sum to this rank'),
    out: required(text('<folder>', 'Where to write it')),
  },
  async run({ adapters, weights: given, rank, out }) {
    const weights = given === undefined ? adapters.map(() => 1 / adapters.length) : given.split(',').map(parseNumber);
    if (weights.length !== adapters.length)
      throw new UsageError(`${weights.length} weights for ${adapters.length} adapters`);
    const located = await Promise.all(adapters.map(locateLora));
    const parts = located.map(({ adapter, folder }, i): WeightedAdapter => ({
      adapter,
      name: folder,
      weight: weights[i]!,
    }));
    const cut = rank === undefined ? null : combineToRank(parts, rank);
    const adapter = cut?.adapter ?? combineAdapters(parts);
    await writeAdapter(out, adapter);
    return {
      json: {
        adapters: parts.map(({ name, weight }) => ({ adapter: name, weight })),
        out: resolve(out),
        error: cut?.error ?? 0,
        layers: [...adapter.layers].map(([module, layer]) => ({ module, rank: layer.rank })),
      },
      lines: (terminal) => [
        ...(cut === null ? [] : errorLines(terminal, cut)),
        `wrote ${here(resolve(out))}: ${adapters.length} adapters in one, ${adapter.layers.size} layers`,
      ],
    };
  },
});
