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
import { InputError } from '../shared/errors.ts';
import { formatDuration } from '../shared/format.ts';
import { chooseCard, noSuchCard, useCard } from './choose-card.ts';
import type { Device } from './device-memory.ts';
import { xlaRepays } from './xla-repays.ts';
import type { RunLength, XlaRival } from './xla-repays.ts';

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

/** Throws an `InputError` where the engine or the device that the job names cannot be used here, with the reason. `lengthOf` is asked only where it matters. */
export async function engineFor(job: Job, lengthOf: () => RunLength): Promise<ChosenEngine> {
  if (job.engine === 'onnxruntime-cpu') return refuseDevice(job, onCpu('named by the job'));
  // A name that there is not is told as such, not as an engine that cannot be used.
  if (job.engine !== 'auto') chooseEngine(job.engine);
  return engineAmong(job, await findEngines(), lengthOf);
}

/** The same of those that were found. */
export function engineAmong(job: Job, found: FoundEngines, lengthOf: () => RunLength): ChosenEngine {
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
  if (!onCuda(engine)) return refuseDevice(job, chosen(engine, found, reason));
  const on = { job, engine, found, reason };
  return engine.name === 'tensorflow-cuda' ? tensorFlow({ ...on, instead: engine }, lengthOf()) : onCard(on);
}

type CudaEngine = FoundEngine & XlaRival;

function onCuda(engine: FoundEngine): engine is CudaEngine {
  return engine.name.endsWith('-cuda');
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
  const cuda = usable.filter(onCuda).filter(({ name }) => job.precision !== 'bf16' || name === 'tensorflow-cuda');
  const [onnx, tensorflow] = (['onnxruntime-cuda', 'tensorflow-cuda'] as const).map((name) =>
    cuda.find((engine) => engine.name === name),
  );
  const on = (engine: CudaEngine): OnCuda => {
    const { name } = chooseCard(job.device, found.cards);
    return { job, engine, found, reason: `CUDA on ${name}` };
  };
  if (onnx !== undefined && !(tensorflow !== undefined && xlaRepays(job, onnx, length))) return onCard(on(onnx));
  if (tensorflow !== undefined) return tensorFlow({ ...on(tensorflow), instead: onnx ?? tensorflow }, length);
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

/** `instead` is what would compute without XLA. */
function tensorFlow({ instead, ...on }: OnCuda & { readonly instead: CudaEngine }, length: RunLength): ChosenEngine {
  const { job, reason } = on;
  const duration = formatDuration(length.steps * length.secondsOf(instead.rates!));
  if (!xlaRepays(job, instead, length)) {
    const why = job.xla === 'off' ? 'without XLA as the job says' : `${duration} are too short for XLA`;
    return onCard({ ...on, reason: `${reason}; ${why}` });
  }
  const xlaCache = join(dataHome('engines'), 'xla-cache');
  mkdirSync(join(xlaCache, AUTOTUNE_FOLDER), { recursive: true });
  const why = job.xla === 'on' ? 'XLA as the job says' : `XLA, which ${duration} of steps repay`;
  return onCard({ ...on, reason: `${reason}; ${why}` }, { xlaCache });
}
