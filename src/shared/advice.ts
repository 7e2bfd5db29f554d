/**
 * What a person should mind about a job before it starts, each with its reason in figures and, where one edit mends it, that edit.
 * Rules of thumb, and told as such: nothing here holds a start back. The words are the view's.
 */
import { kindOfBase } from './base-name.ts';
import type { Cost } from './cost.ts';
import type { JobEdit } from './draft.ts';
import { type Job, jobSchema } from './job.ts';
import { RATE_OVER_FULL, taskOfBase, withTaskDefaults } from './task-defaults.ts';

export type Advice = { readonly fix?: { readonly edits: readonly JobEdit[]; readonly value: number | string } } & (
  | { readonly id: 'rank-for-images'; readonly rank: number; readonly images: number }
  | { readonly id: 'rank-above-layers'; readonly rank: number; readonly layers: number; readonly first: string }
  | { readonly id: 'rslora'; readonly rank: number }
  | { readonly id: 'memory-above-machine'; readonly needed: number; readonly machine: number }
  | { readonly id: 'memory-above-free'; readonly needed: number; readonly free: number }
  | { readonly id: 'larger-than-copy'; readonly adapter: number; readonly copy: number }
  | { readonly id: 'rate-for-full'; readonly rate: number }
  | { readonly id: 'imbalance'; readonly ratio: number }
  | { readonly id: 'batch-for-images'; readonly batch: number; readonly images: number }
  | { readonly id: 'updates-for-boxes'; readonly updates: number; readonly enough: number }
  | { readonly id: 'toy-base' }
);

export interface AdviceFacts {
  readonly job: Job;
  /** Null while there is no plan. */
  readonly cost: Cost | null;
  readonly memory: { readonly total: number; readonly free: number } | null;
  /** Training images; null while the dataset is not known. */
  readonly images: number | null;
  readonly imbalance: number | null;
}

/** The stops of the rank slider. */
export const RANK_STOPS = [1, 2, 4, 8, 16, 32, 64, 128, 256] as const;

/** Each direction of an update wants some images to be told apart from noise. */
const IMAGES_PER_RANK = 8;
/** Below this a rank is never too much for a dataset. */
const ALWAYS_FINE_RANK = 8;
/** From here on α / r shrinks updates too much (Kalajdzievski 2023). */
const RSLORA_RANK = 32;
const LARGE_IMBALANCE = 10;
/** After fewer updates a detector on new classes has gained little, by whatever method; after so many most (docs/results.md). */
const UPDATES_FOR_BOXES = { few: 100, enough: 240 };

/** The weightiest first. */
export function advise({ job, cost, memory, images, imbalance }: AdviceFacts): Advice[] {
  const { lora, training, method } = job;
  const { rank } = lora;
  const advice: Advice[] = [];
  if (cost !== null && memory !== null) {
    const smaller = Math.max(1, Math.floor(training.batch / 2));
    const fix = training.batch > 1 ? { fix: setting(['training', 'batch'], smaller) } : {};
    const needed = cost.memoryBytes;
    if (needed > memory.total) advice.push({ id: 'memory-above-machine', needed, machine: memory.total, ...fix });
    else if (needed > memory.free) advice.push({ id: 'memory-above-free', needed, free: memory.free });
  }
  if (method === 'lora') {
    const most = images === null ? Infinity : Math.max(ALWAYS_FINE_RANK, images / IMAGES_PER_RANK);
    if (images !== null && rank > most) {
      const stop = RANK_STOPS.findLast((candidate) => candidate <= most)!;
      advice.push({ id: 'rank-for-images', rank, images, fix: rankAndAlpha(job, stop) });
    }
    const first = cost?.exceeded[0];
    if (cost !== null && first !== undefined)
      advice.push({ id: 'rank-above-layers', rank, layers: cost.exceeded.length, first });
    if (cost !== null && cost.adapterBytes > cost.fullCopyBytes)
      advice.push({ id: 'larger-than-copy', adapter: cost.adapterBytes, copy: cost.fullCopyBytes });
    if (rank >= RSLORA_RANK && !lora.useRslora)
      advice.push({ id: 'rslora', rank, fix: { edits: [{ path: ['lora', 'useRslora'], value: true }], value: rank } });
  }
  if (method === 'full' && training.learningRate > 3 * fullRateOf(job))
    advice.push({
      id: 'rate-for-full',
      rate: training.learningRate,
      fix: setting(['training', 'learningRate'], fullRateOf(job)),
    });
  if (images !== null && training.batch > images)
    advice.push({ id: 'batch-for-images', batch: training.batch, images });
  if (imbalance !== null && imbalance >= LARGE_IMBALANCE && training.classWeights === 'none')
    advice.push({ id: 'imbalance', ratio: imbalance, fix: setting(['training', 'classWeights'], 'balanced') });
  if (images !== null && taskOfBase(job.base) === 'detection') advice.push(...updateAdvice(job, images));
  if (kindOfBase(job.base) === 'sample') advice.push({ id: 'toy-base' });
  return advice;
}

function updateAdvice({ training }: Job, images: number): Advice[] {
  const perEpoch = Math.ceil(images / (training.batch * training.accumulate));
  const updates = training.epochs * perEpoch;
  const { few, enough } = UPDATES_FOR_BOXES;
  const fix = setting(['training', 'epochs'], Math.ceil(enough / perEpoch));
  return updates < few && perEpoch > 0 ? [{ id: 'updates-for-boxes', updates, enough, fix }] : [];
}

/** What trains everything well, where the default rate suits adapters. */
function fullRateOf({ data, base }: Job): number {
  const { learningRate } = jobSchema.parse(withTaskDefaults({ data, base })).training;
  return learningRate / RATE_OVER_FULL[taskOfBase(base) ?? 'classification'];
}

function setting(path: readonly string[], value: number | string): NonNullable<Advice['fix']> {
  return { edits: [{ path, value }], value };
}

/** Alpha follows where it was twice the rank. */
function rankAndAlpha({ lora }: Job, rank: number): NonNullable<Advice['fix']> {
  return { edits: rankEdits(rank, lora.alpha === 2 * lora.rank), value: rank };
}

/** A new rank, and twice as much for an alpha that is linked to it. */
export function rankEdits(rank: number, linked: boolean): JobEdit[] {
  const edits: JobEdit[] = [{ path: ['lora', 'rank'], value: rank }];
  return linked ? [...edits, { path: ['lora', 'alpha'], value: 2 * rank }] : edits;
}
