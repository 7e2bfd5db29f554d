/** Scores a model on a split: loss, accuracy, per class, and the predictions that are worth looking at. */
import type { Sample } from '../data/dataset.ts';
import type { Tensors } from '../engines/engine.ts';
import { LOGITS } from '../models/base.ts';
import { ranked, softmax, surpriseOf } from './probabilities.ts';
import type { Pipeline } from './pipeline.ts';
import type { Evaluation } from './task.ts';

/** Predictions shown of an evaluation: a screenful. */
const SHOWN = 24;
/** Classes told of each. */
const TOP = 5;

/** Runs every image of the pipeline once; `values` are those of the trainable inputs. */
export async function evaluate(pipeline: Pipeline, values: Tensors, classes: readonly string[]): Promise<Evaluation> {
  const scored: { sample: Sample; probabilities: Float64Array; loss: number }[] = [];
  for await (const { batch } of pipeline.batches(0)) {
    const { [LOGITS]: logits } = await pipeline.run(batch, values);
    const rows = logits!.data as Float32Array;
    batch.weights.forEach((weight, row) => {
      if (weight === 0) return;
      const probabilities = softmax(rows.subarray(row * classes.length, (row + 1) * classes.length));
      const sample = pipeline.samples[batch.samples[row]!]!;
      scored.push({ sample, probabilities, loss: surpriseOf(probabilities[sample.label]!) });
    });
  }
  const correct = classes.map(() => 0);
  const total = classes.map(() => 0);
  for (const { sample, probabilities } of scored) {
    total[sample.label]! += 1;
    if (ranked(probabilities)[0] === sample.label) correct[sample.label]! += 1;
  }
  const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
  return {
    loss: sum(scored.map(({ loss }) => loss)) / scored.length,
    accuracy: scored.length === 0 ? null : sum(correct) / sum(total),
    images: scored.length,
    perClass: classes.map((_, label) => ({
      accuracy: total[label] === 0 ? null : correct[label]! / total[label]!,
      images: total[label]!,
    })),
    samples: {
      samples: scored
        .sort((a, b) => b.loss - a.loss)
        .slice(0, SHOWN)
        .map(({ sample, probabilities, loss }) => {
          const top = ranked(probabilities)
            .slice(0, TOP)
            .map((label) => ({ label: classes[label]!, probability: probabilities[label]! }));
          const [{ label: predicted, probability }] = top as [(typeof top)[number]];
          return { file: sample.path, label: classes[sample.label]!, predicted, probability, loss, top };
        }),
    },
  };
}
