/**
 * The planner against what then happens (`npm run bench -- plan`): the time of a step and the peak memory of a run, planned and measured.
 *
 * Steps run on one thread and are timed by its processor time, rates of the machine too, so that these figures hold on a busy machine;
 * memory and the time of an epoch are those of a trainer of its own, and that time is worth something on an idle machine only.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { writeRandomVit } from '../../scripts/random-vit.ts';
import { isIdentity } from '../../src/data/augment.ts';
import { writeSample } from '../../src/data/sample.ts';
import { measureRates } from '../../src/engines/calibrate.ts';
import { chooseEngine } from '../../src/engines/choose.ts';
import { isTrainable, nameOf } from '../../src/graph/ir.ts';
import type { Value } from '../../src/graph/ir.ts';
import { bind } from '../../src/graph/shape.ts';
import { zeros } from '../../src/graph/tensor.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { initialise } from '../../src/lora/state.ts';
import { BATCH } from '../../src/models/base.ts';
import { jobSchema } from '../../src/shared/job.ts';
import type { Job } from '../../src/shared/job.ts';
import type { MachineRates } from '../../src/shared/plan.ts';
import { Random } from '../../src/shared/random.ts';
import { RUN_PATHS } from '../../src/shared/run/layout.ts';
import { reportSchema } from '../../src/shared/run/report.ts';
import { launchTrainer } from '../../src/trainer/launch.ts';
import { planJob } from '../../src/trainer/plan.ts';
import { countRun } from '../../src/trainer/plan-work.ts';
import { frozenPart } from '../../src/trainer/programs.ts';
import { createRun } from '../../src/trainer/run-folder.ts';
import { openJob } from '../../src/trainer/session.ts';
import { trainingGraph } from '../../src/trainer/step.ts';
import { Training } from '../../src/trainer/training.ts';

interface Scenario {
  readonly name: string;
  /** width, layers, heads, image, patch; or a folder of the parity environment's models. */
  readonly model: readonly [number, number, number, number, number] | string;
  readonly job?: Partial<Record<'method' | 'lora' | 'training' | 'augmentation', unknown>>;
}

const TINY = [192, 12, 3, 224, 16] as const;
const qv = { targetModules: ['q_proj', 'v_proj'] };

const SCENARIOS: readonly Scenario[] = [
  { name: 'ViT 192×12, 224 px', model: TINY },
  { name: '  batch 4', model: TINY, job: { training: { batch: 4 } } },
  { name: '  rank 64', model: TINY, job: { lora: { rank: 64 }, training: { batch: 8 } } },
  { name: '  q and v', model: TINY, job: { lora: qv } },
  { name: '  last 2, cached', model: TINY, job: { lora: { layersToTransform: [10, 11] }, augmentation: { flip: 0 } } },
  { name: '  head', model: TINY, job: { method: 'head' } },
  { name: '  full, batch 8', model: TINY, job: { method: 'full', training: { batch: 8 } } },
  { name: 'ViT 384×6, 224 px, batch 8', model: [384, 6, 6, 224, 16], job: { training: { batch: 8 } } },
  { name: 'ViT 384×12, 96 px', model: [384, 12, 6, 96, 16] },
  { name: '  DoRA', model: [384, 12, 6, 96, 16], job: { lora: { useDora: true } } },
  { name: '  dropout', model: [384, 12, 6, 96, 16], job: { lora: { dropout: 0.1 } } },
  { name: 'ViT 768×4, 224 px, batch 4', model: [768, 4, 12, 224, 16], job: { training: { batch: 4 } } },
  { name: 'ViT 128×4, 64 px, batch 32', model: [128, 4, 4, 64, 8], job: { training: { batch: 32 } } },
  { name: 'ResNet-18', model: 'resnet-18' },
  { name: '  batch 4', model: 'resnet-18', job: { training: { batch: 4 } } },
  { name: '  full, batch 8', model: 'resnet-18', job: { method: 'full', training: { batch: 8 } } },
  { name: 'MobileNetV3-small', model: 'mobilenet-v3-small/model.onnx' },
];

/** Of each class: enough for some steps, and for the images of a first and a later epoch. */
const IMAGES_PER_CLASS = { train: 8, validation: 2 };
const EPOCHS = 2;
const STEPS = 4;

/** Prints a line a scenario; `models` is the parity environment's folder of models. */
export async function comparePlans(models: string, say: (line: string) => void): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'lowrank-bench-plan-'));
  const data = join(work, 'data');
  await writeSample(data, IMAGES_PER_CLASS);
  const rates = await measureRates(chooseEngine('auto'), 1, processorTime);
  say(['', 'step', 'measured', 'error', 'memory', 'measured', 'error', 'run', 'measured', 'error'].join(' | '));
  for (const { name, model, job: given = {} } of SCENARIOS) {
    const base = await baseOf(model, models, work);
    if (base === undefined) {
      say(`${name} | ${join(models, String(model))} is missing`);
      continue;
    }
    const training = { epochs: EPOCHS, ...(given.training as object | undefined) };
    const job = jobSchema.parse({ data, base, ...given, training });
    const step = await compareStep({ ...job, threads: 1 }, rates);
    const plan = await planJob(job);
    const run = await measureRun(job, work);
    const columns = [
      compared(step.planned, step.measured, (seconds) => `${(1000 * seconds).toFixed(0)} ms`),
      compared(plan.memory.total, run.bytes, (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MB`),
      compared(plan.time.total, run.seconds, (seconds) => `${seconds.toFixed(1)} s`),
    ];
    say([name, ...columns].join(' | '));
  }
  rmSync(work, { recursive: true, force: true });
}

function compared(planned: number, measured: number, format: (value: number) => string): string {
  const error = Math.round(100 * (planned / measured - 1));
  return [format(planned), format(measured), `${error > 0 ? '+' : ''}${error} %`].join(' | ');
}

async function baseOf(model: Scenario['model'], models: string, work: string): Promise<string | undefined> {
  if (typeof model === 'string') {
    const path = join(models, model);
    return existsSync(path) ? path : undefined;
  }
  const [width, layers, heads, image, patch] = model;
  const folder = join(work, model.join('-'));
  if (!existsSync(folder)) await writeRandomVit(folder, { width, layers, heads, image, patch, labels: ['a', 'b'] }, 1);
  return folder;
}

/** Milliseconds of all threads of this process: on one thread, what a step takes on an idle machine. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Seconds of a batch through the engine: what the counts say, and the fastest of some. */
async function compareStep(job: Job, rates: MachineRates): Promise<{ planned: number; measured: number }> {
  const opened = await openJob(job);
  const initial = initialise(opened.base, job, opened.dataset.classes);
  const planned = countRun(opened, initial.adapted, rates).training.each.seconds;
  const { batch, labelSmoothing } = job.training;
  const { preprocessing } = opened;
  const graph = trainingGraph(initial.adapted.graph, { preprocessing, batch, labelSmoothing });
  const top = frozenPart(graph, job, isIdentity(job.augmentation) ? null : job.augmentation)?.top ?? graph;
  const program = await opened.engine.compile(top, { threads: 1 });
  const training = Training.start({ ...opened, initial });
  const feeds = Object.fromEntries(
    top.inputs.filter((input) => !isTrainable(input)).map((input) => [nameOf(input)!, filled(input, batch)]),
  );
  const times: number[] = [];
  for (let index = 0; index < STEPS; index++) {
    const started = processorTime();
    await program.run({ ...feeds, ...training.values }, training.results);
    times.push(processorTime() - started);
  }
  await program.release();
  return { planned, measured: Math.min(...times) / 1000 };
}

function filled({ shape, dtype }: Value, batch: number): Tensor {
  const tensor = zeros(dtype, bind(shape, { [BATCH]: batch }));
  const random = new Random(1);
  if (dtype === 'uint8') tensor.data.forEach((_, index) => (tensor.data[index] = random.int(256)));
  if (dtype === 'float32') tensor.data.forEach((_, index) => (tensor.data[index] = random.uniform()));
  return tensor;
}

/** By a trainer of its own. */
async function measureRun(job: Job, work: string): Promise<{ bytes: number; seconds: number }> {
  const out = mkdtempSync(join(work, 'run-'));
  const folder = await createRun({ job, version: 'bench', root: work, out });
  const trainer = await launchTrainer(folder, { node: process.execPath, script: resolve('dist/trainer.js') });
  const { code } = await trainer.stopped;
  if (code !== 0) throw new Error(`the trainer ended with ${String(code)}; its folder is ${folder}`);
  const report = reportSchema.parse(JSON.parse(readFileSync(join(folder, RUN_PATHS.report), 'utf8')));
  rmSync(folder, { recursive: true });
  return { bytes: report.peakMemoryBytes!, seconds: report.seconds };
}
