import { version } from '../../../package.json';
import { createRun } from '../../trainer/run-folder.ts';
import { defineCommand } from '../command.ts';
import { BUSY_FLAG, JOB_FLAGS, jobFrom } from '../job-flags.ts';
import { optional, text } from '../parameters.ts';
import { here, resultOf } from '../run-result.ts';
import { trainNew } from '../supervise.ts';

export const train = defineCommand({
  name: 'train',
  summary: 'Fine-tune a base on a dataset',
  details:
    'Fine-tunes a base on a dataset, from a job file, from flags, or from a job file with flags over it. ' +
    'Ctrl-C saves the state and ends with exit status 3; `lowrank resume` goes on to the same result.',
  examples: [
    'train --data ./flowers --base hf:google/vit-base-patch16-224',
    'train --data ./flowers --base ./vit --rank 4 --target q_proj,v_proj --epochs 10',
    'train flowers.lora.json --seed 1 --set training.schedule=linear',
  ],
  positionals: { job: optional('A job file (*.lora.json); its paths are relative to it') },
  flags: {
    ...JOB_FLAGS,
    ...BUSY_FLAG,
    out: text('<folder>', 'The run folder, new or empty (default: below .lowrank/runs)'),
  },
  async run({ job: file, out, busy, ...flags }, { logs }) {
    const folder = await createRun({ job: await jobFrom(flags, file), version, root: process.cwd(), out });
    logs.write(`run ${here(folder)}\n`);
    return resultOf(await trainNew(folder, logs, { busy }));
  },
});
