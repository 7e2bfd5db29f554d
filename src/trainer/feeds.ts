/** A batch as the inputs of a step's graph. */
import type { Batch } from '../data/batch-source.ts';
import type { Tensors } from '../engines/engine.ts';
import { nameOf } from '../graph/ir.ts';
import type { Value } from '../graph/ir.ts';
import { bind } from '../graph/shape.ts';
import { float32, sizeOf } from '../graph/tensor.ts';
import type { Tensor } from '../graph/tensor.ts';
import { BATCH } from '../models/base.ts';
import { inputSize } from '../shared/preprocessing.ts';
import type { Preprocessing } from '../shared/preprocessing.ts';
import type { Random } from '../shared/random.ts';
import { LABELS, WEIGHTS } from './step.ts';

/** The images of a batch, uint8 [B, height, width, 3]. */
export function imageFeed(
  { weights, images }: Pick<Batch, 'weights' | 'images'>,
  preprocessing: Preprocessing,
): Tensor {
  const { height, width } = inputSize(preprocessing);
  return { dtype: 'uint8', shape: [weights.length, height, width, 3], data: images };
}

/**
 * Labels, and weights by which the loss is the weighted mean over the images that count, as PyTorch's cross-entropy takes it:
 * each image by its class's weight, padding and unreadable images by 0.
 */
export function targetFeeds(batch: Batch, classWeights?: Float32Array): Tensors {
  const shape = [batch.labels.length];
  const weights = batch.weights.map((weight, row) => weight * (classWeights?.[batch.labels[row]!] ?? 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = total === 0 ? weights : weights.map((weight) => weight / total);
  return {
    [LABELS]: { dtype: 'int32', shape, data: batch.labels },
    [WEIGHTS]: { dtype: 'float32', shape, data: shares },
  };
}

/** Uniform numbers for the noise of dropout; the same generator draws the same. */
export function noiseFeeds(inputs: readonly Value[], batch: number, random: Random): Tensors {
  return Object.fromEntries(
    inputs.map((input) => {
      const name = nameOf(input)!;
      const shape = bind(input.shape, { [BATCH]: batch });
      const drawn = random.fork(name);
      return [
        name,
        float32(
          shape,
          Float32Array.from({ length: sizeOf(shape) }, () => drawn.uniform()),
        ),
      ];
    }),
  );
}

/** Weights that make every class count the same: images / (classes · images of the class). */
export function balancedWeights(labels: readonly number[], classes: number): Float32Array {
  const counts = new Float32Array(classes);
  for (const label of labels) counts[label]! += 1;
  return counts.map((count) => (count === 0 ? 0 : labels.length / (classes * count)));
}
