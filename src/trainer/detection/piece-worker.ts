/** A thread that runs pieces of a detector's batches, with an engine of its own. Built to `dist/piece-worker.js`. */
import { workerData } from 'node:worker_threads';
import type { Tensors } from '../../engines/engine.ts';
import { loadForCpu } from '../../engines/onnxruntime.ts';
import { zeros } from '../../graph/tensor.ts';
import { answerRequests } from './asked-thread.ts';
import { HeadLoss } from './losses.ts';
import { pieceRunner } from './piece.ts';
import type { PieceRunner, PieceSums } from './piece.ts';
import type { PieceRequest, PieceWorkerData } from './piece-protocol.ts';
import { DetectionStep } from './program.ts';
import type { Half } from './program.ts';

async function open(): Promise<PieceRunner> {
  const { forward, backward, saved, gradients, head, classes, size, images, threads } = workerData as PieceWorkerData;
  const half = async ({ encoded, inputs }: PieceWorkerData['forward']): Promise<Half> => ({
    program: await loadForCpu(encoded, { threads }),
    inputs,
  });
  const loss = new HeadLoss(head, { classes, size, batch: images, divided: false });
  const memory = Object.fromEntries(saved.map(({ name, shape, dtype }) => [name, zeros(dtype, shape)])) as Tensors;
  const halves = { forward: await half(forward), backward: await half(backward) };
  return pieceRunner(new DetectionStep(loss, halves, memory), loss, gradients);
}

await answerRequests<PieceRequest, PieceSums>(async () => {
  const runner = await open();
  return {
    answer: ({ values, pieces, progress }) => runner.run(values, pieces, progress),
    moved: ({ gradients }) => Object.values(gradients).map(({ buffer }) => buffer as ArrayBuffer),
    release: () => runner.release(),
  };
});
