/** What is kept of each image where a detector's head alone is trained and its pictures stay as they are: all that the head reads. */
import type { Engine } from '../../engines/engine.ts';
import type { Graph } from '../../graph/ir.ts';
import { nameOf } from '../../graph/ir.ts';
import type { FrozenSplit } from '../../graph/passes/split-frozen.ts';
import { splitFrozenValues } from '../../graph/passes/split-frozen-values.ts';
import { BATCH } from '../../models/base.ts';
import type { Job } from '../../shared/job.ts';
import { FEATURES } from '../frozen-features.ts';
import type { Precision } from '../precision.ts';
import { IMAGES } from '../step.ts';
import { runsInPieces } from './pieces.ts';

/** Whether each epoch has the same pictures. */
export function picturesStay({ augmentation, detection }: Pick<Job, 'augmentation' | 'detection'>): boolean {
  const { mosaic, scale, translate, flipVertically, hue, saturation, value } = detection;
  return [augmentation.flip, mosaic, scale, translate, flipVertically, hue, saturation, value].every((by) => by === 0);
}

/** Whether a job's cache is of use to a detector. */
export function keepsFrozen(job: Pick<Job, 'method' | 'augmentation' | 'detection' | 'training'>): boolean {
  return job.method === 'head' && job.training.cacheFrozen === 'auto' && picturesStay(job);
}

interface HeadOf {
  readonly job: Pick<Job, 'training'>;
  readonly engine: Engine;
  readonly precision: Precision;
}

/** `forward` is a graph from images to what the head puts out; undefined where nothing of it is kept. */
export function frozenHead(forward: Graph, { job, engine, precision }: HeadOf): FrozenSplit | undefined {
  if (job.training.cacheFrozen === 'off' || !runsInPieces(engine, precision)) return undefined;
  const images = forward.inputs.find((input) => nameOf(input) === IMAGES)!;
  return splitFrozenValues(forward, images, FEATURES, BATCH);
}
