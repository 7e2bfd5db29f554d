/** A thread that scores images of an evaluation, with an engine of its own. Built to `dist/score-worker.js`. */
import { workerData } from 'node:worker_threads';
import type { Program } from '../../engines/engine.ts';
import { loadForCpu } from '../../engines/onnxruntime.ts';
import type { EncodedGraph } from '../../engines/onnxruntime.ts';
import { answerRequests } from './asked-thread.ts';
import { ImageScorer } from './score-image.ts';
import type { ImageScore, ImageToScore, ScoredHead } from './score-image.ts';

/** A model for the images that follow, or one of these. */
export type ScoreRequest = { readonly model: EncodedGraph } | { readonly image: ImageToScore };

await answerRequests<ScoreRequest, ImageScore | null>(() => {
  const scorer = new ImageScorer(workerData as ScoredHead);
  let program: Program | undefined;
  return Promise.resolve({
    async answer(request) {
      if ('image' in request) return await scorer.score(program!, request.image);
      await program?.release();
      program = await loadForCpu(request.model, { threads: 1 });
      return null;
    },
    release: async () => {
      await program?.release();
    },
  });
});
