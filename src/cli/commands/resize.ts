import { resolve } from 'node:path';
import { resize as resizeAdapter } from '../../lora/resize.ts';
import { writeAdapter } from '../../lora/write-adapter.ts';
import { locateLora } from '../../trainer/locate-adapter.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../exit-codes.ts';
import { number, one, required, text } from '../parameters.ts';
import { errorLines } from '../resized.ts';
import { here } from '../run-result.ts';

export const resize = defineCommand({
  name: 'resize',
  summary: 'Cut an adapter to a lower rank by SVD, and tell what that costs',
  examples: ['resize ./adapter --rank 4 --out ./smaller', 'resize ./adapter --error 0.05 --out ./smaller'],
  positionals: { adapter: one('An adapter folder (PEFT), or a run') },
  flags: {
    rank: number('<r>', 'One rank for all layers'),
    error: number('<share>', 'Instead: for each layer the lowest rank that changes it by at most this share'),
    out: required(text('<folder>', 'Where to write it')),
  },
  async run({ adapter: path, rank, error, out }) {
    if ((rank === undefined) === (error === undefined)) throw new UsageError('give either --rank or --error');
    const { adapter, folder } = await locateLora(path);
    const resized = resizeAdapter(adapter, rank === undefined ? { error: error! } : { rank });
    await writeAdapter(out, resized.adapter, { dtype: adapter.dtype === 'float32' ? 'float32' : 'float16' });
    return {
      json: { adapter: folder, out: resolve(out), error: resized.error, layers: resized.layers },
      lines: (terminal) => [...errorLines(terminal, resized), `wrote ${here(resolve(out))}`],
    };
  },
});
