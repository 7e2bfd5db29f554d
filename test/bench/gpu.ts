/**
 * `npm run bench -- gpu`, and by itself on a machine with a GPU: `node gpu.js [--engines …] [--models …] [--batches …] [--precisions …]
 * [--xla-cache FOLDER] [--python PATH --peft bench_peft.py --theirs fp32,tf32,bf16,bf16+compile]`. Each row is a process of its own that takes whole training steps, images of bytes on the host to
 * updated adapters; rows of PyTorch and peft stand beside ours where a Python with torch, transformers and peft is named.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeRandomVit } from '../../scripts/random-vit.ts';
import { measureStep } from './step.ts';
import type { StepFigures, StepOptions } from './step.ts';

/** Widths and heads of the ViTs that timm and transformers call so; 12 layers, 224 pixels in patches of 16. */
const MODELS: Readonly<Record<string, { readonly width: number; readonly heads: number }>> = {
  tiny: { width: 192, heads: 3 },
  small: { width: 384, heads: 6 },
  base: { width: 768, heads: 12 },
};

/** A compiler that hangs must not take the whole session. */
const MAX_ROW_MS = 180_000;

interface Row {
  readonly model: string;
  readonly batch: number;
  readonly engine: string;
  readonly precision: string;
  readonly figures: Partial<StepFigures> | null;
  /** Why there are none. */
  readonly fault: string | null;
}

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    step: { type: 'string' },
    engines: { type: 'string', default: 'onnxruntime-cuda,tensorflow-cuda,tensorflow-cuda+xla,onnxruntime-webgpu' },
    models: { type: 'string', default: Object.keys(MODELS).join(',') },
    batches: { type: 'string', default: '64' },
    precisions: { type: 'string', default: 'fp32,fp16' },
    targets: { type: 'string', default: 'qv' },
    rank: { type: 'string', default: '8' },
    steps: { type: 'string', default: '20' },
    python: { type: 'string' },
    peft: { type: 'string', default: 'test/parity/bench_peft.py' },
    // Each precision eagerly, and compiled in the best one of most models.
    theirs: { type: 'string', default: 'fp32,tf32,bf16,bf16+compile' },
    // A folder that outlasts the bench: a second one starts from what this one compiled.
    'xla-cache': { type: 'string' },
    out: { type: 'string', default: 'bench-gpu.json' },
  },
});

if (values.step === undefined) await compare();
else say(JSON.stringify(await measureStep(JSON.parse(values.step) as StepOptions)));

async function compare(): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'lowrank-bench-'));
  const rows: Row[] = [];
  const add = (row: Row): void => {
    rows.push(row);
    say(format(row));
    // After each row: what was measured stays when the next one takes the machine along.
    writeFileSync(values.out, `${JSON.stringify(rows, null, 2)}\n`);
  };
  for (const model of list(values.models)) {
    const folder = await modelFolder(join(work, model), model);
    for (const batch of list(values.batches).map(Number)) {
      for (const engine of list(values.engines)) {
        for (const precision of list(values.precisions)) {
          add({ model, batch, engine, precision, ...ours(folder, batch, engine, precision, work) });
        }
      }
      if (values.python === undefined) continue;
      for (const name of list(values.theirs)) {
        const [precision, compile] = name.split('+') as [string, string | undefined];
        const engine = compile === undefined ? 'PyTorch' : 'PyTorch compiled';
        const flags = compile === undefined ? [] : ['--compile'];
        add({ model, batch, engine, precision, ...theirs(values.python, folder, batch, precision, flags) });
      }
    }
  }
}

async function modelFolder(folder: string, name: string): Promise<string> {
  const size = MODELS[name];
  // A folder of one's own, too.
  if (size === undefined) return name;
  if (existsSync(folder)) return folder;
  const labels = Array.from({ length: 10 }, (_, index) => `class ${index}`);
  await writeRandomVit(folder, { ...size, layers: 12, image: 224, patch: 16, labels }, 1);
  return folder;
}

function ours(model: string, batch: number, name: string, precision: string, work: string) {
  const [engine, xla] = name.split('+');
  const xlaCache = values['xla-cache'] ?? join(work, 'xla');
  if (xla !== undefined) mkdirSync(xlaCache, { recursive: true });
  const options = {
    model,
    method: 'lora',
    targets: values.targets,
    batch,
    rank: Number(values.rank),
    steps: Number(values.steps),
    warmup: 3,
    threads: 2,
    engine,
    precision,
    ...(xla === undefined ? {} : { xlaCache }),
  } as StepOptions;
  return figuresOf(process.execPath, [fileURLToPath(import.meta.url), '--step', JSON.stringify(options)]);
}

function theirs(python: string, model: string, batch: number, precision: string, flags: readonly string[]) {
  const common = ['--model', model, '--targets', values.targets, '--batch', String(batch), '--rank', values.rank];
  const run = ['--steps', values.steps, '--device', 'cuda', '--precision', precision, ...flags];
  return figuresOf(python, [values.peft, ...common, ...run]);
}

function figuresOf(command: string, arguments_: readonly string[]): Pick<Row, 'figures' | 'fault'> {
  try {
    const output = execFileSync(command, arguments_, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: MAX_ROW_MS,
    });
    return { figures: JSON.parse(output.trim().split('\n').at(-1)!) as Partial<StepFigures>, fault: null };
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    const lines = (stderr ?? '').split('\n').filter((line) => /error|fault|killed/i.test(line));
    return { figures: null, fault: (lines.at(-1) ?? message).slice(0, 300) };
  }
}

function format({ model, batch, engine, precision, figures, fault }: Row): string {
  const name = `ViT-${model} B${batch}  ${engine} ${precision}`.padEnd(48);
  if (figures === null) return `${name}  –  ${fault ?? ''}`;
  const { images_per_second = NaN, step_ms = NaN, seconds_to_first_step = NaN } = figures;
  const number = (value: number, digits: number): string => value.toFixed(digits).padStart(8);
  return `${name}${number(images_per_second, 0)} images/s ${number(step_ms, 1)} ms, first step after ${number(seconds_to_first_step, 1)} s`;
}

function list(text: string): string[] {
  return text.split(',').filter((part) => part !== '');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
