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
import type { FoundEngine, FoundEngines } from '../engines/options.ts';
import type { SharedDevice } from '../engines/device-lease.ts';
import { AUTOTUNE_FOLDER } from '../engines/tensorflow-environment.ts';
import type { NvidiaCard } from '../formats/nvidia.ts';
import { dataHome } from '../formats/data-home.ts';
import type { Job } from '../shared/job.ts';
import type { MachineRates } from '../shared/plan.ts';
import { InputError } from '../shared/errors.ts';
import { formatDuration } from '../shared/format.ts';
import { chooseCard, noSuchCard, useCard } from './choose-card.ts';
import type { Device } from './device-memory.ts';

export interface ChosenEngine {
  readonly engine: Engine;
  /** In a few words, for `run.json` and a person. */
  readonly reason: string;
  readonly device: ChosenDevice;
}

export interface ChosenDevice extends Device {
  /** Null where it is none of NVIDIA's, or CUDA is not used. */
  readonly card: NvidiaCard | null;
  /** What a run has for itself; null for a CPU, which the system shares out. */
  readonly shared: SharedDevice | null;
}

/** A run as the choice sees it. */
export interface RunLength {
  readonly steps: number;
  /** Seconds of one step on a machine of these rates. */
  readonly secondsOf: (rates: MachineRates) => number;
}

/** Seconds that XLA compiles the step and the evaluation of a ViT (measured on an H100: 40 to 63 s for the step, 100 s for both of ViT-base). */
const XLA_COMPILE_SECONDS = 100;
/** The rate of TensorFlow's steps with XLA over ONNX Runtime's (measured: 1.44 to 2.3), and over its own without XLA (1.76 to 2.9). */
const XLA_OVER_ONNX_RUNTIME = 1.44;
const XLA_OVER_TENSORFLOW = 1.76;

/** Throws an `InputError` where the engine or the device that the job names cannot be used here, with the reason. `lengthOf` is asked only where it matters. */
export async function engineFor(job: Job, lengthOf: () => RunLength): Promise<ChosenEngine> {
  if (job.engine === 'onnxruntime-cpu') return refuseDevice(job, onCpu('named by the job'));
  // A name that there is not is told as such, not as an engine that cannot be used.
  if (job.engine !== 'auto') chooseEngine(job.engine);
  const found = await findEngines();
  return job.engine === 'auto' ? automatic(job, found, lengthOf) : named(job, found, lengthOf);
}

function named(job: Job, found: FoundEngines, lengthOf: () => RunLength): ChosenEngine {
  const engine = found.engines.find(({ name }) => name === job.engine);
  if (engine?.state !== 'usable') {
    const why = engine === undefined ? `it is not for ${process.platform}-${process.arch}` : engine.reason;
    throw new InputError(
      `${job.engine} cannot be used here: ${why ?? 'no reason told'}; \`lowrank engines\` lists what can`,
      { field: 'engine' },
    );
  }
  const reason = 'named by the job';
  if (!isCuda(engine)) return refuseDevice(job, chosen(engine, found, reason));
  const on = { job, engine, found, reason };
  return engine.name === 'tensorflow-cuda' ? tensorFlow(on, lengthOf(), XLA_OVER_TENSORFLOW) : onCard(on);
}

function isCuda({ name }: FoundEngine): boolean {
  return name.endsWith('-cuda');
}

/** A job that names a card means CUDA. */
function refuseDevice({ device }: Job, choice: ChosenEngine): ChosenEngine {
  if (device === 'auto') return choice;
  throw new InputError(
    `chooses among the cards of CUDA engines, and ${choice.engine.name} is none; leave it out, or name such an engine`,
    { field: 'device' },
  );
}

function onCpu(reason: string): ChosenEngine {
  const engine = chooseEngine('auto');
  return { engine, reason, device: { name: engine.device, memory: null, card: null, shared: null } };
}

/** An engine that takes the device which its driver gives it. */
function chosen({ name, device, memory }: FoundEngine, { cards }: FoundEngines, reason: string): ChosenEngine {
  const engine = chooseEngine(name);
  // With one NVIDIA card it is most likely that one, which CUDA engines claim under its own name.
  const key = cards.length === 1 ? cards[0]!.uuid : 'graphics';
  const shared = engine.gpu === true ? { key, label: device } : null;
  return { engine, reason, device: { name: device, memory, card: null, shared } };
}

interface OnCuda {
  readonly job: Job;
  readonly engine: FoundEngine;
  readonly found: FoundEngines;
  readonly reason: string;
}

function onCard({ job, engine: { name }, found: { cards }, reason }: OnCuda, choice?: EngineChoice): ChosenEngine {
  const card = chooseCard(job.device, cards);
  useCard(card, cards);
  const label = `GPU ${card.index}`;
  const device = {
    name: cards.length === 1 ? card.name : `${card.name} (${label})`,
    memory: card.memory,
    card,
    shared: { key: card.uuid, label },
  };
  return { engine: chooseEngine(name, choice), reason, device };
}

function automatic(job: Job, found: FoundEngines, lengthOf: () => RunLength): ChosenEngine {
  const usable = found.engines.filter(({ state }) => state === 'usable');
  if (!usable.some(({ name }) => !name.endsWith('-cpu'))) {
    if (job.device !== 'auto' && found.cards.length === 0) throw noSuchCard(job.device, found.cards);
    return refuseDevice(job, onCpu('no GPU that an engine here could use'));
  }
  const length = lengthOf();
  const [onnx, tensorflow] = ['onnxruntime-cuda', 'tensorflow-cuda'].map((name) =>
    usable.find((engine) => engine.name === name),
  );
  const on = (engine: FoundEngine): OnCuda => {
    const { name } = chooseCard(job.device, found.cards);
    return { job, engine, found, reason: `CUDA on ${name}` };
  };
  if (onnx !== undefined && !(tensorflow !== undefined && xlaPays(job, onnx, length, XLA_OVER_ONNX_RUNTIME))) {
    return onCard(on(onnx));
  }
  if (tensorflow !== undefined) {
    return tensorFlow(on(tensorflow), length, onnx === undefined ? XLA_OVER_TENSORFLOW : XLA_OVER_ONNX_RUNTIME);
  }
  return refuseDevice(job, fastest(usable, found, length));
}

function fastest(usable: readonly FoundEngine[], found: FoundEngines, { secondsOf }: RunLength): ChosenEngine {
  const timed = usable
    .filter(({ name }) => name.startsWith('onnxruntime-'))
    .map((engine) => ({ engine, seconds: secondsOf(engine.rates!) }))
    .sort((a, b) => a.seconds - b.seconds);
  const [best] = timed;
  const cpu = timed.find(({ engine }) => engine.name === 'onnxruntime-cpu');
  if (best === undefined || cpu === undefined || best === cpu) {
    return onCpu('no GPU here is faster on this model');
  }
  const factor = (cpu.seconds / best.seconds).toFixed(1);
  return chosen(best.engine, found, `${factor} times as fast as the CPU by a probe`);
}

/** Whether what XLA saves over the run is more than what it compiles. */
function xlaPays({ xla }: Job, { rates }: FoundEngine, { steps, secondsOf }: RunLength, factor: number): boolean {
  if (xla !== 'auto') return xla === 'on';
  return steps * secondsOf(rates!) * (1 - 1 / factor) > XLA_COMPILE_SECONDS;
}

function tensorFlow(on: OnCuda, length: RunLength, factor: number): ChosenEngine {
  const { job, engine, reason } = on;
  const seconds = length.steps * length.secondsOf(engine.rates!);
  if (!xlaPays(job, engine, length, factor)) {
    const why = job.xla === 'off' ? 'without XLA as the job says' : `${formatDuration(seconds)} are too short for XLA`;
    return onCard({ ...on, reason: `${reason}; ${why}` });
  }
  const xlaCache = join(dataHome('engines'), 'xla-cache');
  mkdirSync(join(xlaCache, AUTOTUNE_FOLDER), { recursive: true });
  const why = job.xla === 'on' ? 'XLA as the job says' : `XLA, which ${formatDuration(seconds)} of steps repay`;
  return onCard({ ...on, reason: `${reason}; ${why}` }, { xlaCache });
}
