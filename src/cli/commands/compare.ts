import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { version } from '../../../package.json';
import { InputError } from '../../shared/errors.ts';
import type { Job } from '../../shared/job.ts';
import { RATE_OVER_FULL, taskOfBase } from '../../shared/task-defaults.ts';
import { RUN_PATHS } from '../../shared/run/layout.ts';
import { readRun } from '../../shared/run/read-run.ts';
import { createRun } from '../../trainer/run-folder.ts';
import { defineCommand, type Result } from '../command.ts';
import { comparisonLines, summarise, type Trial } from '../comparison.ts';
import { EXIT, UsageError } from '../exit-codes.ts';
import { JOB_FLAGS, jobFrom } from '../job-flags.ts';
import { number, optional, text, withDefault } from '../parameters.ts';
import { here, readReport } from '../run-result.ts';
import { quoted } from '../shell.ts';
import { trainHere, trainNew } from '../supervise.ts';
import { paint, type Terminal } from '../terminal.ts';

const METHODS = ['lora', 'head', 'full'] as const satisfies readonly Job['method'][];
/** Each seed is a whole run of every method. */
const MAX_SEEDS = 100;

const { method: _, ...SHARED_FLAGS } = JOB_FLAGS;

export const compare = defineCommand({
  name: 'compare',
  summary: 'Train by LoRA, head alone and full, and put the results side by side',
  details:
    'Trains the same data by LoRA, by the head alone and whole, each with several seeds, one run after another, and prints ' +
    'accuracy, trained parameters, file size, time and memory side by side. With --out, runs that are there already are kept, ' +
    'so an interrupted comparison goes on where it was.',
  examples: [
    'compare --data ./flowers --base ./vit --seeds 3 --out ./compared',
    'compare flowers.lora.json --methods lora,head --seeds 1',
  ],
  positionals: { job: optional('A job file (*.lora.json); its paths are relative to it') },
  flags: {
    ...SHARED_FLAGS,
    methods: withDefault(text('<names>', 'Which methods, with commas between'), METHODS.join(',')),
    seeds: withDefault(number('<n>', 'How many seeds, counted up from --seed'), 3),
    fullLr: number(
      '<rate>',
      `Learning rate of full (default: --lr over ${RATE_OVER_FULL.classification}, for boxes over ${RATE_OVER_FULL.detection}, since rates that suit LoRA are too high for it)`,
    ),
    out: text('<folder>', 'Where the runs lie (default: below .lowrank/runs, each anew)'),
  },
  async run({ job: file, methods, seeds, fullLr, out, ...flags }, { logs }): Promise<Result> {
    if (!Number.isInteger(seeds) || seeds < 1 || seeds > MAX_SEEDS)
      throw new UsageError(`--seeds must be a whole number from 1 to ${MAX_SEEDS}, not ${seeds}`);
    const chosen = methodsOf(methods);
    const job = await jobFrom({ ...flags, method: undefined }, file);
    const done: Trial[] = [];
    const trials = Array.from({ length: seeds }, (_, seed) => chosen.map((method) => ({ method, seed }))).flat();
    for (const [i, { method, seed }] of trials.entries()) {
      const title = `${method}, seed ${job.training.seed + seed}`;
      logs.write(`${paint(logs, 'bold', title)} (${i + 1} of ${trials.length})\n`);
      const trial = trialOf(job, method, seed, fullLr);
      const run = await trainTrial(trial, out && join(out, trial.name!), logs);
      if (run === null) return interrupted(done, out);
      const { learningRate } = trial.training;
      done.push({ run, seed: trial.training.seed, learningRate, ...readReport(run)! });
    }
    const summary = summarise(done, chosen);
    return {
      json: { methods: summary, runs: done },
      lines: (terminal) => comparisonLines(terminal, summary),
    };
  },
});

function methodsOf(names: string): Job['method'][] {
  return names.split(',').map((name) => {
    const method = METHODS.find((candidate) => candidate === name.trim());
    if (method === undefined) throw new UsageError(`--methods: there is no ${name}; there are ${METHODS.join(', ')}`);
    return method;
  });
}

function trialOf(job: Job, method: Job['method'], offset: number, fullLr: number | undefined): Job {
  const { training } = job;
  const seed = training.seed + offset;
  const factor = RATE_OVER_FULL[taskOfBase(job.base) ?? 'classification'];
  const learningRate = method === 'full' ? (fullLr ?? training.learningRate / factor) : training.learningRate;
  return { ...job, method, name: `${method}-seed${seed}`, training: { ...training, seed, learningRate } };
}

/** Returns the run folder of a finished run; null where it was interrupted. */
async function trainTrial(job: Job, out: string | undefined, logs: Terminal): Promise<string | null> {
  if (out === undefined || !existsSync(join(out, RUN_PATHS.identity))) {
    const folder = await createRun({ job, version, root: process.cwd(), out });
    return (await trainNew(folder, logs)).status === 'finished' ? folder : null;
  }
  const folder = resolve(out);
  const { identity, status } = await readRun(folder);
  if (!isDeepStrictEqual(identity.job, job))
    throw new InputError('holds a run of another job; name another --out', { file: folder });
  if (status === 'finished') {
    logs.write(`already done: ${here(folder)}\n`);
    return folder;
  }
  return (await trainHere(folder, logs)).status === 'finished' ? folder : null;
}

function interrupted(done: readonly Trial[], out: string | undefined): Result {
  const advice =
    out === undefined ? 'with --out it could be gone on with' : `the same command, with --out ${quoted(out)}, goes on`;
  return {
    json: { methods: null, runs: done },
    lines: () => [`interrupted after ${done.length} runs; ${advice}`],
    exit: EXIT.interrupted,
  };
}
