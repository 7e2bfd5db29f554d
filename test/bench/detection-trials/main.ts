/**
 * How well LoRA, the head alone and the whole model do on datasets with boxes, many runs side by side (docs/results.md):
 *
 *   node dist/tools/detection-trials.js tune  --base B.pt --data D1,D2 --slots onnxruntime-cpu@0-1,… --out tune.jsonl --seconds 300
 *   node dist/tools/detection-trials.js final --chosen tune.jsonl --base B.pt --data E1,E2 --seeds 3 …
 *
 *   node dist/tools/detection-trials.js these --chosen plan.jsonl --base B.pt …
 *
 * `tune` tries rates, then variations of the best one, for each method and dataset. `final` trains what was the best there with several
 * seeds, on other draws of the same datasets, given in the same order, whose test images have chosen nothing. `these` are trials that
 * somebody wrote down, with data and seed. A line of JSON for each run.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { coresIn, Pool, slotOf } from './slots.ts';
import type { Finished, Slot, Task } from './slots.ts';
import { type Choice, type Method, outcomeOf, RATES, type Trial, variationsOf } from './trials.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cli: { type: 'string', default: fileURLToPath(new URL('../cli.js', import.meta.url)) },
    base: { type: 'string' },
    data: { type: 'string', default: '' },
    slots: { type: 'string', default: 'onnxruntime-cpu@0-1' },
    out: { type: 'string', default: 'trials.jsonl' },
    runs: { type: 'string', default: 'trials' },
    seconds: { type: 'string', default: '3600' },
    epochs: { type: 'string', default: '30' },
    /** Fields of every job. */
    set: { type: 'string', multiple: true, default: [] },
    chosen: { type: 'string' },
    seeds: { type: 'string', default: '3' },
    methods: { type: 'string', default: 'lora,head,full' },
  },
});

/** How much longer a run takes that has more to train: of the order alone. */
const WEIGHTS: Readonly<Record<Method, number>> = { full: 3, lora: 2, head: 1 };

interface Line extends Trial {
  readonly name: string;
  readonly best: number | null;
}

const METHODS = ['lora', 'head', 'full'] as const satisfies readonly Method[];
const folders = values.data.split(',').filter((folder) => folder !== '');
const methods = new Set(values.methods.split(','));
const trials = new Map<string, Trial>();
const lines: Line[] = [];

mkdirSync(values.runs, { recursive: true });
const pool = new Pool(
  values.slots.split(',').map(slotOf),
  Date.now() + 1000 * Number(values.seconds),
  values.runs,
  record,
);
await pool.run({ tune: first, final: finals, these: listed }[positionals[0] as 'tune' | 'final' | 'these']());

function first(): Task[] {
  return folders.flatMap((data) => RATES.filter(isWanted).map((choice) => taskOf({ ...choice, data, seed: 0 })));
}

/** Once all rates of a method have been tried on a dataset. */
function variations({ data, method }: Trial): Task[] {
  const rates = RATES.filter((choice) => choice.method === method).length;
  if (lines.filter((line) => line.data === data && line.method === method).length !== rates) return [];
  const best = bestOf(lines, data, method);
  return best === undefined ? [] : variationsOf(best).map((choice) => taskOf({ ...choice, data, seed: 0 }));
}

function listed(): Task[] {
  return linesIn<Trial>(values.chosen!).map(taskOf);
}

function finals(): Task[] {
  const tried = linesIn<Line>(values.chosen!);
  const sets = [...new Set(tried.map(({ data }) => data))];
  const seeds = Array.from({ length: Number(values.seeds) }, (_, seed) => seed);
  return folders.flatMap((data, index) =>
    METHODS.flatMap((method) => {
      const best = bestOf(tried, sets[index]!, method);
      return best === undefined ? [] : seeds.map((seed) => taskOf({ ...best, data, seed }));
    }),
  );
}

function linesIn<T>(file: string): T[] {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as T);
}

/** By the best evaluation of the validation images. */
function bestOf(from: readonly Line[], data: string, method: Method): Choice | undefined {
  const own = from.filter((line) => line.data === data && line.method === method && isWanted(line));
  const best = own.filter((line) => line.best !== null).toSorted((a, b) => b.best! - a.best!)[0];
  if (best === undefined) return undefined;
  const { rate, rank, alpha, set } = best;
  return { method, rate, ...(rank && { rank }), ...(alpha && { alpha }), ...(set && { set }) };
}

function isWanted({ method }: Choice): boolean {
  return methods.has(method);
}

function taskOf(trial: Trial): Task {
  const { method, rate, rank, alpha, set = [], data, seed } = trial;
  const parts = [basename(data), method, rank && `r${rank}a${alpha}`, rate, ...set, seed];
  const name = parts
    .filter((part) => part !== undefined)
    .join('-')
    .replace(/[^\w.=-]/g, '_')
    .slice(0, 120);
  trials.set(name, trial);
  const fields = [...values.set, ...set];
  return {
    name,
    weight: trial.weight ?? WEIGHTS[method],
    command: (slot) => [
      process.execPath,
      values.cli,
      'train',
      ...['--data', data, '--base', resolve(values.base!), '--method', method, '--lr', String(rate)],
      ...(rank === undefined ? [] : ['--rank', String(rank), '--alpha', String(alpha)]),
      ...['--epochs', values.epochs, '--seed', String(seed), ...fields.flatMap((field) => ['--set', field])],
      ...['--engine', slot.engine, '--threads', String(coresIn(slot.cores)), '--out', freshFolder(name)],
    ],
  };
}

/** A second attempt at a run begins in a folder of its own. */
function freshFolder(name: string): string {
  let folder = join(values.runs, name);
  while (existsSync(folder)) folder += '+';
  return folder;
}

function newestFolder(name: string): string {
  let folder = join(values.runs, name);
  while (existsSync(`${folder}+`)) folder += '+';
  return folder;
}

async function record({ task, slot, code, said }: Finished): Promise<Task[]> {
  const trial = trials.get(task.name)!;
  const outcome = await outcomeOf(newestFolder(task.name)).catch((error: unknown) => ({
    best: null,
    error: String(error),
  }));
  const line = { name: task.name, ...trial, slot: nameOf(slot), code, ...outcome, ...(code !== 0 && { said }) };
  lines.push(line);
  appendFileSync(values.out, `${JSON.stringify(line)}\n`);
  return positionals[0] === 'tune' ? variations(trial) : [];
}

function nameOf({ engine, cores, card }: Slot): string {
  return `${engine}, ${coresIn(cores)} cores${card === undefined ? '' : `, card ${card}`}`;
}
