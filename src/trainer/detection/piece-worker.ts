/** A thread that runs pieces of a detector's batches, with an engine of its own. Built to `dist/piece-worker.js`. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Tensors } from '../../engines/engine.ts';
import { loadForCpu } from '../../engines/onnxruntime.ts';
import { zeros } from '../../graph/tensor.ts';
import { messageOf } from '../../shared/errors.ts';
import { HeadLoss } from './losses.ts';
import { pieceRunner } from './piece.ts';
import type { PieceRunner } from './piece.ts';
import type { PieceReply, PieceRequest, PieceWorkerData } from './piece-protocol.ts';
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

function reply(value: PieceReply): void {
  const moved = 'sums' in value && value.sums ? Object.values(value.sums.gradients).map(({ buffer }) => buffer) : [];
  parentPort!.postMessage(value, moved as ArrayBuffer[]);
}

let runner: PieceRunner;
try {
  runner = await open();
  reply({ sums: undefined });
} catch (error) {
  reply({ error: messageOf(error) });
}

parentPort!.on('message', (request: PieceRequest) => {
  void answer(request);
});

async function answer(request: PieceRequest): Promise<void> {
  try {
    if (request === undefined) {
      await runner.release();
      reply({ sums: undefined });
      parentPort!.close();
      return;
    }
    reply({ sums: await runner.run(request.values, request.pieces, request.progress) });
  } catch (error) {
    reply({ error: messageOf(error) });
  }
}
