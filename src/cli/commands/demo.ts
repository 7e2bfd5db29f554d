import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { version } from '../../../package.json';
import { checkDataset } from '../../data/check-dataset.ts';
import { writeDetectionSample } from '../../data/detection/sample.ts';
import { writeSample } from '../../data/sample.ts';
import { jobSchema } from '../../shared/job.ts';
import { SAMPLE_DETECTOR, withTaskDefaults } from '../../shared/task-defaults.ts';
import { createRun } from '../../trainer/run-folder.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { text, toggle } from '../parameters.ts';
import { here, resultOf } from '../run-result.ts';
import { quoted } from '../shell.ts';
import { trainNew } from '../supervise.ts';
import { paint } from '../terminal.ts';

/** What the sample asks for: it is far from what the base knows, so more and larger steps than the defaults take. */
const DEMO = {
  name: 'demo',
  base: 'sample',
  lora: { rank: 4, alpha: 8 },
  training: { epochs: 10, learningRate: 3e-3 },
} as const;
const DEMO_OF_BOXES = { name: 'demo-boxes', base: SAMPLE_DETECTOR } as const;

export const demo = defineCommand({
  name: 'demo',
  summary: 'Fine-tune the sample base on the sample dataset, in about a minute; with --boxes the sample detector',
  details:
    'Writes the sample dataset, fine-tunes the small base that comes with Lowrank on it by LoRA, and shows what came of it. ' +
    'The base knows the shapes as clean drawings; the sample shows them as it has never seen them. With --boxes it is a detector, ' +
    'and two of the shapes are new to it; that takes about two minutes.',
  examples: ['demo', 'demo --data /tmp/sample', 'demo --boxes'],
  positionals: {},
  flags: {
    data: text('<folder>', 'Where to write the sample, or where it is already (default: sample, or sample-boxes)'),
    boxes: toggle('Find shapes in images instead of naming the one in each'),
  },
  async run({ data: named, boxes }, { logs }) {
    const data = named ?? (boxes ? 'sample-boxes' : 'sample');
    const chosen = boxes ? DEMO_OF_BOXES : DEMO;
    if (!existsSync(data) || !(await checkDataset(data)).ready) {
      await (boxes ? writeDetectionSample(data) : writeSample(data));
    }
    logs.write(`fine-tuning the base '${chosen.base}' on the images in ${here(resolve(data))}\n`);
    const job = jobSchema.parse(withTaskDefaults({ ...chosen, data: resolve(data) }));
    const folder = await createRun({ job, version, root: process.cwd() });
    const result = resultOf(await trainNew(folder, logs));
    if (result.exit !== EXIT.done) return result;
    const run = quoted(here(folder));
    const next = [
      [`lowrank inspect ${run}`, 'what the adapter changed, layer by layer'],
      [`lowrank predict ${run} ${quoted(join(data, boxes ? 'images/val' : 'val'))}`, 'what it says of each image'],
      [`lowrank merge ${run} --out merged.onnx`, 'one model for any ONNX runtime'],
      [`lowrank compare --data ${quoted(data)} --base sample`, 'LoRA beside the head alone and full fine-tuning'],
      [
        'lowrank train --data YOUR-FOLDER --base sample',
        boxes ? 'your own images, with boxes' : 'your own images, in class folders',
      ],
    ] as const;
    const width = Math.max(...next.map(([command]) => command.length));
    return {
      ...result,
      lines: (out) => [
        ...result.lines(out),
        '',
        'What to try next (lowrank is node dist/cli.js until npm link):',
        ...next.map(([command, why]) => `  ${command.padEnd(width)}  ${paint(out, 'dim', why)}`),
      ],
    };
  },
});
