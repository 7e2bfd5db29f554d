/**
 * Which engine a run computes on: the one its job names, or the fastest that works here. A CUDA engine where there is one; TensorFlow with XLA
 * where the run is long enough to repay its compilation; another GPU where a probe says that it beats the CPU on this model; else the CPU.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chooseEngine } from '../engines/choose.ts';
import type { EngineChoice } from '../engines/choose.ts';
import type { Engine } from '../engines/engine.ts';
import { findEngines } from '../engines/options.ts';
import type { FoundEngine } from '../engines/options.ts';
import { dataHome } from '../formats/data-home.ts';
import type { Job } from '../shared/job.ts';
import type { MachineRates } from '../shared/plan.ts';
import { InputError } from '../shared/errors.ts';
import { formatDuration } from '../shared/format.ts';
import type { Device } from './device-memory.ts';

export interface ChosenEngine {
  readonly engine: Engine;
  /** In a few words, for `run.json` and a person. */
  readonly reason: string;
  readonly device: Device;
}

/** A run as the choice sees it. */
export interface RunLength {
  readonly steps: number;
  /** Of the step, lowered. */
  readonly ops: ReadonlySet<string>;
  /** Seconds of one step on a machine of these rates. */
  readonly secondsOf: (rates: MachineRates) => number;
}

/** Seconds that XLA compiles the step and the evaluation of a ViT (measured on an H100: 40 to 63 s for the step, 100 s for both of ViT-base). */
const XLA_COMPILE_SECONDS = 100;
/** The rate of TensorFlow's steps with XLA over ONNX Runtime's (measured: 1.44 to 2.3), and over its own without XLA (1.76 to 2.9). */
const XLA_OVER_ONNX_RUNTIME = 1.44;
const XLA_OVER_TENSORFLOW = 1.76;

/** Throws an `InputError` where the engine that the job names cannot be used here, with the reason. `lengthOf` is asked only where it matters. */
export async function engineFor(job: Job, lengthOf: () => RunLength): Promise<ChosenEngine> {
  if (job.engine !== 'auto') return await named(job, lengthOf);
  const usable = (await findEngines()).filter(({ state }) => state === 'usable');
  const gpus = usable.filter(({ name }) => !name.endsWith('-cpu'));
  if (gpus.length === 0) return onCpu('no GPU that an engine here could use');
  return automatic(usable, lengthOf(), job);
}

async function named(job: Job, lengthOf: () => RunLength): Promise<ChosenEngine> {
  const reason = 'named by the job';
  if (job.engine === 'onnxruntime-cpu') return onCpu(reason);
  // A name that there is not is told as such, not as an engine that cannot be used.
  chooseEngine(job.engine);
  const found = (await findEngines()).find(({ name }) => name === job.engine);
  if (found?.state !== 'usable') {
    const why = found === undefined ? `it is not for ${process.platform}-${process.arch}` : found.reason;
    throw new InputError(
      `${job.engine} cannot be used here: ${why ?? 'no reason told'}; \`lowrank engines\` lists what can`,
      {
        field: 'engine',
      },
    );
  }
  if (job.engine !== 'tensorflow-cuda') return chosen(found, reason);
  return tensorFlow(job, found, lengthOf(), XLA_OVER_TENSORFLOW, reason);
}

function onCpu(reason: string): ChosenEngine {
  const engine = chooseEngine('auto');
  return { engine, reason, device: { name: engine.device, memory: null } };
}

function chosen({ name, device, memory }: FoundEngine, reason: string, choice?: EngineChoice): ChosenEngine {
  return { engine: chooseEngine(name, choice), reason, device: { name: device, memory } };
}

function automatic(usable: readonly FoundEngine[], length: RunLength, job: Job): ChosenEngine {
  const [onnx, tensorflow] = ['onnxruntime-cuda', 'tensorflow-cuda'].map((name) =>
    usable.find((engine) => engine.name === name),
  );
  if (onnx !== undefined && !(tensorflow !== undefined && xlaPays(job, onnx, length, XLA_OVER_ONNX_RUNTIME))) {
    return chosen(onnx, `CUDA on ${onnx.device}`);
  }
  if (tensorflow !== undefined) {
    const factor = onnx === undefined ? XLA_OVER_TENSORFLOW : XLA_OVER_ONNX_RUNTIME;
    return tensorFlow(job, tensorflow, length, factor, `CUDA on ${tensorflow.device}`);
  }
  return fastest(usable, length);
}

function fastest(usable: readonly FoundEngine[], { ops, secondsOf }: RunLength): ChosenEngine {
  const timed = usable
    .filter(({ name }) => name.startsWith('onnxruntime-'))
    .filter(({ name }) => ![...(chooseEngine(name).lacks ?? [])].some((op) => ops.has(op)))
    .map((engine) => ({ engine, seconds: secondsOf(engine.rates!) }))
    .sort((a, b) => a.seconds - b.seconds);
  const [best] = timed;
  const cpu = timed.find(({ engine }) => engine.name === 'onnxruntime-cpu');
  if (best === undefined || cpu === undefined || best === cpu) {
    return onCpu('no GPU here is faster on this model');
  }
  const factor = (cpu.seconds / best.seconds).toFixed(1);
  return chosen(best.engine, `${factor} times as fast as the CPU by a probe`);
}

/** Whether what XLA saves over the run is more than what it compiles. */
function xlaPays({ xla }: Job, { rates }: FoundEngine, { steps, secondsOf }: RunLength, factor: number): boolean {
  if (xla !== 'auto') return xla === 'on';
  return steps * secondsOf(rates!) * (1 - 1 / factor) > XLA_COMPILE_SECONDS;
}

function tensorFlow(job: Job, found: FoundEngine, length: RunLength, factor: number, reason: string): ChosenEngine {
  const seconds = length.steps * length.secondsOf(found.rates!);
  if (!xlaPays(job, found, length, factor)) {
    return chosen(found, `${reason}; ${formatDuration(seconds)} are too short for XLA`);
  }
  const xlaCache = join(dataHome('engines'), 'xla-cache');
  mkdirSync(xlaCache, { recursive: true });
  const why = job.xla === 'on' ? 'XLA as the job says' : `XLA, which ${formatDuration(seconds)} of steps repay`;
  return chosen(found, `${reason}; ${why}`, { xlaCache });
}
