/**
 * `npm run bench -- detectors`: a detector's step beside Ultralytics' full fine-tuning and beside peft's LoRA, each in a process of its own,
 * taking turns; ratios of one run. A bundle of its own, since it also runs where there is no npm.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { measureDetector } from './detector-step.ts';
import type { DetectorFigures, DetectorOptions } from './detector-step.ts';
import { measureValidation } from './detector-validation.ts';
import type { ValidationFigures, ValidationOptions } from './detector-validation.ts';
import { median } from './step.ts';

const { values } = parseArgs({
  options: {
    /** Of one measurement: what its own process is told. */
    step: { type: 'string' },
    models: { type: 'string', default: process.env['LOWRANK_BENCH_MODELS'] ?? '/opt/parity/models/real' },
    python: { type: 'string', default: join(process.env['LOWRANK_PARITY'] ?? '.parity', 'bin', 'python') },
    names: { type: 'string', default: 'yolo11n' },
    sizes: { type: 'string', default: '640' },
    ranks: { type: 'string', default: '8' },
    /** Of theirs: full fine-tuning, LoRA or both. */
    against: { type: 'string', default: 'full,lora' },
    batch: { type: 'string', default: '8' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '2' },
    steps: { type: 'string', default: '3' },
    /** A folder with data.yaml: its validation beside `ultralytics val` instead, with the first of the models and sizes. */
    validate: { type: 'string' },
    validation: { type: 'string' },
  },
});

if (values.step !== undefined) print(await measureDetector(JSON.parse(values.step) as DetectorOptions));
else if (values.validation !== undefined)
  print(await measureValidation(JSON.parse(values.validation) as ValidationOptions));
else if (values.validate !== undefined) compareValidation(values.validate);
else compare();

function compare(): void {
  const list = (text: string): string[] => text.split(',').filter((item) => item !== '');
  for (const name of list(values.names)) {
    const model = resolve(values.models, `${name}.pt`);
    if (!existsSync(model)) {
      say(`${model} is missing (test/parity/make_yolo.py)`);
      continue;
    }
    for (const size of list(values.sizes)) {
      for (const rank of list(values.ranks)) compareOne(name, model, Number(size), Number(rank), list(values.against));
    }
  }
}

function compareOne(name: string, model: string, size: number, rank: number, against: readonly string[]): void {
  const [batch, threads, steps] = [values.batch, values.threads, values.steps].map(Number) as [number, number, number];
  const options: DetectorOptions = { model, batch, size, rank, threads, steps, warmup: 1 };
  const mine: DetectorFigures[] = [];
  const theirs = new Map<string, DetectorFigures[]>(against.map((method) => [method, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    mine.push(printed(process.execPath, [process.argv[1]!, '--step', JSON.stringify(options)]) as DetectorFigures);
    for (const [method, figures] of theirs)
      figures.push(printed(values.python, pythonArguments(options, method)) as DetectorFigures);
  }
  const step = median(mine.map((each) => each.step_ms));
  const memory = median(mine.map((each) => each.peak_rss_mb));
  const first = median(mine.map((each) => each.seconds_to_first_step));
  say(`${name} ${size} px, batch ${batch}, r ${rank}, ${threads} threads: ${shown(step, memory, first)}`);
  for (const [method, figures] of theirs) {
    const [ms, mb, start] = (['step_ms', 'peak_rss_mb', 'seconds_to_first_step'] as const).map((key) =>
      median(figures.map((each) => each[key])),
    ) as [number, number, number];
    // Of turns side by side, since the machine changes from minute to minute.
    const ratio = median(mine.map((each, turn) => each.step_ms / figures[turn]!.step_ms));
    say(
      `  ${method}: ${shown(ms, mb, start)}; ours takes ${ratio.toFixed(2)} of it, memory ${(memory / mb).toFixed(2)}`,
    );
  }
}

function compareValidation(data: string): void {
  const [batch, threads, rounds, size] = [values.batch, values.threads, values.rounds, values.sizes].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  const options: ValidationOptions = {
    data,
    model: resolve(values.models, `${values.names}.pt`),
    batch,
    size,
    threads,
    rounds,
  };
  const mine = printed(process.execPath, [
    process.argv[1]!,
    '--validation',
    JSON.stringify(options),
  ]) as ValidationFigures;
  const given = { ...options, data: join(data, 'data.yaml') };
  const flags = (['model', 'data', 'batch', 'size', 'threads', 'rounds'] as const).flatMap((key) => [
    `--${key}`,
    String(given[key]),
  ]);
  const theirs = printed(values.python, ['test/parity/validate_yolo.py', ...flags]) as ValidationFigures;
  const shownOf = ({ seconds, map }: ValidationFigures): string =>
    `${seconds.toFixed(1)} s, mAP50-95 ${map.toFixed(3)}`;
  say(`validation of ${mine.images} images, ${size} px: ${shownOf(mine)}; ultralytics ${shownOf(theirs)}`);
  say(`  ${(theirs.seconds / mine.seconds).toFixed(2)} times as fast`);
}

function pythonArguments(options: DetectorOptions, method: string): string[] {
  const given = { ...options, method };
  const flags = (['model', 'method', 'rank', 'batch', 'size', 'steps', 'warmup', 'threads'] as const).flatMap((key) => [
    `--${key}`,
    String(given[key]),
  ]);
  return ['test/parity/bench_yolo.py', ...flags];
}

function printed(command: string, parameters: readonly string[]): unknown {
  const output = execFileSync(command, parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return JSON.parse(output.trim().split('\n').at(-1)!);
}

function shown(ms: number, mb: number, seconds: number): string {
  return `${ms.toFixed(0)} ms, ${mb.toFixed(0)} MB, first step after ${seconds.toFixed(1)} s`;
}

function print(figures: DetectorFigures | ValidationFigures): void {
  say(JSON.stringify(figures));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
