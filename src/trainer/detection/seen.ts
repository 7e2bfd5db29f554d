/** What a detector's programs see of a batch: its pictures, or what its frozen bottom once made of them. */
import type { DetectionBatch } from '../../data/detection/detection-batches.ts';
import type { Engine, Tensors } from '../../engines/engine.ts';
import type { FrozenSplit } from '../../graph/passes/split-frozen.ts';
import type { Preprocessing } from '../../shared/preprocessing.ts';
import { imageFeed } from '../feeds.ts';
import { FEATURES, FrozenFeatures } from '../frozen-features.ts';
import { IMAGES } from '../step.ts';

export interface Seen {
  of(batch: DetectionBatch): Promise<Tensors>;
  close(): Promise<void>;
}

export interface SeenOptions {
  readonly engine: Engine;
  readonly threads: number;
  readonly preprocessing: Preprocessing;
  /** Of the split. */
  readonly images: number;
  /** Takes what is too large to keep in memory. */
  readonly directory: string;
}

/** `split` is undefined where nothing is kept. */
export async function openSeen(split: FrozenSplit | undefined, options: SeenOptions): Promise<Seen> {
  const { engine, threads, preprocessing, images, directory } = options;
  if (split === undefined) {
    return {
      of: (batch) => Promise.resolve({ [IMAGES]: imageFeed(batch, preprocessing) }),
      close: () => Promise.resolve(),
    };
  }
  const { bottom, shape } = split;
  const kept = { images, views: 1, shape, preprocessing, directory };
  const features = new FrozenFeatures(await engine.compile(bottom, { threads }), kept);
  return {
    of: async (batch) => ({ [FEATURES]: await features.of(batch) }),
    close: () => features.close(),
  };
}
