/** The compiled graphs and the image sources of a run. */
import { openBatchSource } from '../data/batch-source.ts';
import type { BatchSource } from '../data/batch-source.ts';
import type { Program } from '../engines/engine.ts';
import { physicalCores } from '../engines/threads.ts';
import type { Session } from './session.ts';
import { evaluationGraph, trainingGraph } from './step.ts';

export interface Programs {
  readonly step: Program;
  readonly evaluation: Program;
  readonly train: BatchSource;
  readonly validation: BatchSource;
  close(): Promise<void>;
}

export async function openPrograms({ job, dataset, preprocessing, initial, engine }: Session): Promise<Programs> {
  const { batch, labelSmoothing, seed } = job.training;
  const options = { preprocessing, batch, labelSmoothing };
  const threads = job.threads ?? physicalCores();
  const source = { preprocessing, batch, seed };
  const train = openBatchSource({
    ...source,
    samples: dataset.splits.train,
    augmentation: job.augmentation,
    shuffle: true,
  });
  const validation = openBatchSource({
    ...source,
    samples: dataset.splits.validation,
    augmentation: null,
    shuffle: false,
  });
  const step = await engine.compile(trainingGraph(initial.adapted.graph, options), { threads });
  const evaluation = await engine.compile(evaluationGraph(initial.adapted.graph, options), { threads });
  return {
    step,
    evaluation,
    train,
    validation,
    close: async () => {
      await Promise.all([train.close(), validation.close(), step.release(), evaluation.release()]);
    },
  };
}
