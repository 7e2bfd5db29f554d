/**
 * Checkpoints: `checkpoints/step-<n>/` with everything that training needs to go on as if it had never stopped. A folder
 * appears whole or not at all, and names the sha256 of its files, so that a damaged one is passed over for the one before.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { recoverDirectory, writeDirectoryAtomic, writeFileAtomic } from '../formats/atomic-write.ts';
import { readJson } from '../formats/json.ts';
import { openSafetensors, writeSafetensors } from '../formats/safetensors.ts';
import type { Tensor } from '../graph/tensor.ts';
import { InputError, messageOf } from '../shared/errors.ts';
import { RUN_PATHS } from '../shared/run/layout.ts';
import { divergenceSchema } from './divergence.ts';
import { earlyStoppingSchema } from './early-stopping.ts';
import { lossScaleSchema } from './loss-scale.ts';

const count = z.int().min(0);
const word = z.int().min(0).max(0xffff_ffff);

const progressSchema = z.object({
  /** Updates done. */
  step: count,
  /** The epoch that training is in, and the batches of it that are done. */
  epoch: count,
  batch: count,
  /** Of the job; data order and augmentation are forked from it by epoch and image, so it is all they need. */
  seed: count,
  /** Generators that are drawn from step by step, as dropout's. */
  random: z.record(z.string(), z.object({ key: z.string(), words: z.tuple([word, word, word, word]).readonly() })),
  earlyStopping: earlyStoppingSchema,
  divergence: divergenceSchema,
  /** Null before the first step in half precision. */
  lossScale: lossScaleSchema.nullable().default(null),
  /** Seconds of training so far, over all processes of the run. */
  seconds: z.number().min(0),
  skippedImages: z.array(z.string()),
});
/** Where training stands; arrays apart. */
export type TrainingProgress = z.infer<typeof progressSchema>;

const stateSchema = z.object({
  version: z.literal(1),
  progress: progressSchema,
  sha256: z.object({ parameters: z.string(), optimizer: z.string(), average: z.string().nullable().default(null) }),
});

export interface Checkpoint {
  readonly progress: TrainingProgress;
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly optimizer: ReadonlyMap<string, Tensor>;
  /** The moving average of the parameters; null where the run keeps none. */
  readonly average: ReadonlyMap<string, Tensor> | null;
}

const STATE = 'state.json';
const PARAMETERS = 'parameters.safetensors';
const OPTIMIZER = 'optimizer.safetensors';
const AVERAGE = 'average.safetensors';

/** Behind the newest stands the one before, should the disk have lost part of the newest. */
const KEPT = 2;

/**
 * Writes a checkpoint, then deletes the older ones but the one before and that of the best step. Returns its folder, relative
 * to the run's. A full disk is an `InputError`; the earlier checkpoints are untouched then.
 */
export async function saveCheckpoint(
  runFolder: string,
  { progress, parameters, optimizer, average }: Checkpoint,
): Promise<string> {
  // As it stands in an event: the same on every system.
  const folder = `${RUN_PATHS.checkpoints}/step-${progress.step}`;
  await writeDirectoryAtomic(join(runFolder, folder), async (temp) => {
    await writeSafetensors(join(temp, PARAMETERS), parameters);
    await writeSafetensors(join(temp, OPTIMIZER), optimizer);
    if (average !== null) await writeSafetensors(join(temp, AVERAGE), average);
    const sha256 = {
      parameters: await sha256Of(join(temp, PARAMETERS)),
      optimizer: await sha256Of(join(temp, OPTIMIZER)),
      average: average && (await sha256Of(join(temp, AVERAGE))),
    };
    await writeFileAtomic(join(temp, STATE), `${JSON.stringify({ version: 1, progress, sha256 }, null, 2)}\n`);
  });
  await prune(join(runFolder, RUN_PATHS.checkpoints), progress);
  return folder;
}

export interface FoundCheckpoint {
  readonly checkpoint: Checkpoint | null;
  /** What was wrong with the newer ones that were passed over, one line each. */
  readonly damaged: readonly string[];
}

/** The newest checkpoint that is whole; null where there is none. */
export async function latestCheckpoint(runFolder: string): Promise<FoundCheckpoint> {
  const directory = join(runFolder, RUN_PATHS.checkpoints);
  // A process killed while it replaced a checkpoint by another of the same step left the old one under a hidden name.
  for (const name of await namesIn(directory)) {
    const [replaced] = /step-\d+$/.exec(name) ?? [];
    if (replaced !== undefined) await recoverDirectory(join(directory, replaced));
  }
  const damaged: string[] = [];
  for (const step of await stepsIn(directory)) {
    try {
      return { checkpoint: await loadCheckpoint(join(directory, `step-${step}`)), damaged };
    } catch (error) {
      damaged.push(messageOf(error));
    }
  }
  return { checkpoint: null, damaged };
}

/** Throws an `InputError` where the folder is not a whole checkpoint. */
async function loadCheckpoint(folder: string): Promise<Checkpoint> {
  const { progress, sha256 } = readJson(join(folder, STATE), stateSchema);
  return {
    progress,
    parameters: await load(join(folder, PARAMETERS), sha256.parameters),
    optimizer: await load(join(folder, OPTIMIZER), sha256.optimizer),
    average: sha256.average === null ? null : await load(join(folder, AVERAGE), sha256.average),
  };
}

async function load(path: string, sha256: string): Promise<Map<string, Tensor>> {
  const file = openSafetensors(path);
  try {
    if ((await file.sha256()) !== sha256) {
      throw new InputError('is not the file that was saved (its sha256 differs)', { file: path });
    }
    return new Map(file.names().map((name) => [name, file.read(name)]));
  } finally {
    file.close();
  }
}

async function sha256Of(path: string): Promise<string> {
  const file = openSafetensors(path);
  try {
    return await file.sha256();
  } finally {
    file.close();
  }
}

/** Deletes all but the checkpoints to keep: older ones, later ones that were passed over, and what a killed process left. */
async function prune(directory: string, { step: newest, earlyStopping }: TrainingProgress): Promise<void> {
  const steps = (await stepsIn(directory)).filter((step) => step <= newest);
  const kept = new Set(steps.filter((step, age) => age < KEPT || step === earlyStopping.best?.step));
  for (const name of await namesIn(directory)) {
    if (!kept.has(stepOf(name) ?? -1)) await rm(join(directory, name), { recursive: true, force: true });
  }
}

/** The newest first. */
async function stepsIn(directory: string): Promise<number[]> {
  return (await namesIn(directory))
    .map(stepOf)
    .filter((step) => step !== null)
    .sort((a, b) => b - a);
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => []);
}

function stepOf(name: string): number | null {
  const match = /^step-(\d{1,15})$/.exec(name);
  return match === null ? null : Number(match[1]);
}
