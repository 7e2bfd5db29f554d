/**
 * `npm run bench [-- NAME …]`: ratios of one run on this machine, against ONNX Runtime's own matrix products and, where the parity
 * environment is there, against PyTorch and peft. Every figure comes from a process of its own; the two sides take turns.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeRandomVit } from '../../scripts/random-vit.ts';
import { compareDetectorSteps } from './detection.ts';
import { measureGrowth } from './growth.ts';
import { comparePlans } from './plan.ts';
import { measureStep, median } from './step.ts';
import type { StepFigures, StepOptions } from './step.ts';

interface Scenario {
  readonly name: string;
  readonly model: 'vit-tiny' | 'resnet-18' | 'mobilenet-v3-small';
  readonly ours: Partial<StepOptions>;
  /** The other side; the same job unless it says otherwise. */
  readonly theirs: Partial<StepOptions>;
  readonly says: string;
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'vit',
    model: 'vit-tiny',
    ours: { targets: 'qv' },
    theirs: { targets: 'qv' },
    says: 'ViT-tiny, r=8 on q and v',
  },
  {
    name: 'last2',
    model: 'vit-tiny',
    ours: { targets: 'last2' },
    theirs: { targets: 'last2' },
    says: 'ViT-tiny, last 2 of 12 blocks, frozen bottom cached',
  },
  {
    name: 'all',
    model: 'vit-tiny',
    ours: { targets: 'all' },
    theirs: { targets: 'all' },
    says: 'ViT-tiny, r=8 on every layer',
  },
  {
    name: 'resnet',
    model: 'resnet-18',
    ours: { targets: 'all' },
    theirs: { method: 'full' },
    says: 'ResNet-18 LoRA r=8 against full fine-tuning in PyTorch',
  },
  {
    name: 'mobilenet',
    model: 'mobilenet-v3-small',
    ours: { targets: 'all' },
    theirs: { targets: 'all' },
    says: 'MobileNetV3-small LoRA r=8',
  },
];

const DEFAULTS = { method: 'lora', targets: 'all', batch: 16, rank: 8, steps: 8, warmup: 2, threads: 2 } as const;
const ROUNDS = 3;
const MODELS = process.env['LOWRANK_BENCH_MODELS'] ?? '/opt/parity/models/real';

/** With a bundle and flags of their own: they also run where there is no npm. */
const APART: Readonly<Record<string, string>> = {
  gpu: 'gpu.js',
  data: 'bench-data.js',
  detectors: 'bench-detectors.js',
};
const apart = APART[process.argv[2] ?? ''];
if (apart !== undefined) {
  execFileSync(process.execPath, [join(dirname(process.argv[1]!), apart), ...process.argv.slice(3)], {
    stdio: 'inherit',
  });
  process.exit();
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { step: { type: 'string' }, rounds: { type: 'string', default: String(ROUNDS) } },
});

if (values.step !== undefined) {
  process.stdout.write(`${JSON.stringify(await measureStep(JSON.parse(values.step) as StepOptions))}\n`);
} else {
  const wanted = (name: string): boolean => positionals.length === 0 || positionals.includes(name);
  await compareAll();
  if (wanted('growth')) await measureGrowth((options) => ours({ ...DEFAULTS, ...options }), say);
  if (wanted('plan')) await comparePlans(MODELS, say);
  if (wanted('detection')) await compareDetectorSteps(join(MODELS, 'yolo11n.pt'), say);
}

async function compareAll(): Promise<void> {
  const parity = resolve(process.env['LOWRANK_PARITY'] ?? '.parity');
  const python = [join(parity, 'bin', 'python'), join(parity, 'Scripts', 'python.exe')].find((file) =>
    existsSync(file),
  );
  const work = mkdtempSync(join(tmpdir(), 'lowrank-bench-'));
  if (python === undefined) say('no parity environment (npm run parity:setup): figures of PyTorch are left out');
  for (const scenario of SCENARIOS) {
    if (positionals.length > 0 && !positionals.includes(scenario.name)) continue;
    const model = await modelOf(scenario, MODELS, work);
    if (model === undefined) {
      say(`${scenario.name}: ${join(MODELS, scenario.model)} is missing (test/parity/make_fixtures.py --real)`);
      continue;
    }
    const mine: StepFigures[] = [];
    const theirs: Partial<StepFigures>[] = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      mine.push(ours({ ...DEFAULTS, ...scenario.ours, model: model.ours }));
      if (python !== undefined) theirs.push(pytorch(python, { ...DEFAULTS, ...scenario.theirs, model: model.theirs }));
    }
    report(scenario, mine, theirs);
  }
  rmSync(work, { recursive: true, force: true });
}

/** A ViT is made here when it is not there; the others need the parity environment. */
async function modelOf(
  { model }: Scenario,
  models: string,
  work: string,
): Promise<{ ours: string; theirs: string } | undefined> {
  const folder = join(models, model);
  if (model === 'mobilenet-v3-small') {
    const file = join(folder, 'model.onnx');
    return existsSync(file) ? { ours: file, theirs: 'mobilenet_v3_small' } : undefined;
  }
  if (existsSync(folder)) return { ours: folder, theirs: folder };
  if (model !== 'vit-tiny') return undefined;
  const made = join(work, model);
  const labels = Array.from({ length: 10 }, (_, index) => `class ${index}`);
  await writeRandomVit(made, { width: 192, layers: 12, heads: 3, image: 224, patch: 16, labels }, 1);
  return { ours: made, theirs: made };
}

function ours(options: StepOptions): StepFigures {
  const output = execFileSync(process.execPath, [process.argv[1]!, '--step', JSON.stringify(options)], {
    encoding: 'utf8',
  });
  return JSON.parse(output.trim().split('\n').at(-1)!) as StepFigures;
}

function pytorch(python: string, options: StepOptions): Partial<StepFigures> {
  const flags = (['model', 'method', 'targets', 'batch', 'rank', 'steps', 'warmup', 'threads'] as const).flatMap(
    (name) => [`--${name}`, String(options[name])],
  );
  const output = execFileSync(python, ['test/parity/bench_peft.py', ...flags], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(output.trim().split('\n').at(-1)!) as Partial<StepFigures>;
}

function report({ name, says }: Scenario, mine: readonly StepFigures[], theirs: readonly Partial<StepFigures>[]): void {
  const shares = mine.map((run) => run.matmul_share);
  say(`${name}: ${says} (medians of ${mine.length} runs)`);
  say(
    `  share of the matrix-product rate  ${median(shares).toFixed(2)}  of ${median(mine.map((run) => run.matmul_gflops)).toFixed(0)} GFLOP/s`,
  );
  const row = (
    label: string,
    key: 'images_per_second' | 'step_ms' | 'peak_rss_mb' | 'seconds_to_first_step',
    unit: string,
  ): void => {
    const [a, b] = [mine, theirs].map((runs) => runs.flatMap((run) => run[key] ?? []));
    const ratio =
      b!.length === 0
        ? ''
        : `  PyTorch ${median(b!).toFixed(1)}  ratio ${median(a!.map((value, i) => value / b![i]!)).toFixed(2)}`;
    say(`  ${label.padEnd(32)}  ${median(a!).toFixed(1)} ${unit}${ratio}`);
  };
  row('images a second', 'images_per_second', '');
  row('step', 'step_ms', 'ms');
  row('peak memory', 'peak_rss_mb', 'MB');
  row('start to first step', 'seconds_to_first_step', 's');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
