import { engineOptions } from '../../engines/options.ts';
import { defineCommand } from '../command.ts';
import { table } from '../table.ts';

export const engines = defineCommand({
  name: 'engines',
  summary: 'Tell what this machine can train on',
  examples: ['engines', 'train job.lora.json --engine onnxruntime-cpu'],
  positionals: {},
  flags: {},
  run() {
    const found = engineOptions();
    return Promise.resolve({
      json: { engines: found },
      lines: (out) =>
        table(out, found, [
          { title: 'engine', cell: ({ name }) => name },
          { title: 'device', cell: ({ device }) => device },
          { title: 'threads', cell: (engine) => String(engine.threads), right: true },
          { title: '', cell: (engine) => (engine.automatic ? 'chosen by auto' : '') },
        ]),
    });
  },
});
