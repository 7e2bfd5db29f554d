/** Runs every image of a split once and scores what is found. */
import type { DetectionSample } from '../../data/dataset.ts';
import type { EpochSource } from '../../data/decoded-epochs.ts';
import type { DetectionBatch } from '../../data/detection/detection-batches.ts';
import type { Tensors } from '../../engines/engine.ts';
import type { LossParts } from '../../shared/run/events.ts';
import { meanParts } from '../loss-parts.ts';
import type { Evaluation } from '../task.ts';
import { evaluationOf, truthOf } from './evaluate.ts';
import type { Scored } from './evaluate.ts';
import type { BatchScore, BatchScorer } from './scorers.ts';
import type { Seen } from './seen.ts';

interface SplitToEvaluate {
  readonly scorer: BatchScorer;
  readonly source: EpochSource<DetectionBatch>;
  readonly samples: readonly DetectionSample[];
  readonly seen: Seen;
  /** Of the trainable inputs. */
  readonly values: Tensors;
  readonly classes: readonly string[];
  /** Of the square pictures, in pixels. */
  readonly side: number;
}

export async function evaluateSplit(of: SplitToEvaluate): Promise<Evaluation> {
  const { scorer, source, samples, seen, values, classes, side } = of;
  const scored: Scored[] = [];
  const parts: LossParts[] = [];
  const weights: number[] = [];
  const collect = (batch: DetectionBatch, score: BatchScore): void => {
    parts.push(score.parts);
    weights.push(batch.weights.reduce((sum, weight) => sum + weight, 0));
    for (const [place, found] of score.found)
      scored.push({ sample: samples[batch.samples[place]!]!, found, truth: truthOf(batch, place) });
  };
  await scorer.load(values);
  const underway: { readonly batch: DetectionBatch; readonly score: Promise<BatchScore> }[] = [];
  const settle = async (most: number): Promise<void> => {
    while (underway.length > most) {
      const { batch, score } = underway.shift()!;
      collect(batch, await score);
    }
  };
  for await (const batch of source.batches(0)) {
    const score = scorer.score(batch, seen);
    // It is told of where its turn comes; until then its failure is nobody's.
    score.catch(() => undefined);
    underway.push({ batch, score });
    await settle(scorer.ahead - 1);
  }
  await settle(0);
  return await evaluationOf(scored, { parts: meanParts(parts, weights), classes, side });
}
