/** Makes the step of a detector on a CPU: on threads with an engine each where they can be had, else piece by piece in this one. */
import type { Engine } from '../../engines/engine.ts';
import { encodeForCpu } from '../../engines/onnxruntime.ts';
import { nameOf } from '../../graph/ir.ts';
import type { Graph } from '../../graph/ir.ts';
import type { SeedSplit } from '../../graph/passes/split-at-seeds.ts';
import { bind } from '../../graph/shape.ts';
import { BATCH } from '../../models/base.ts';
import type { ImageSize } from '../../models/base.ts';
import { HeadLoss } from './losses.ts';
import type { HeadLayout } from './losses.ts';
import { pieceRunner } from './piece.ts';
import { pieceThread } from './piece-thread.ts';
import type { PieceWorkerData } from './piece-protocol.ts';
import { piecesOf } from './pieces.ts';
import { branchesOfGradients, gradientShapes, perImageInputs, PiecewiseStep } from './piecewise-step.ts';
import { DetectionStep } from './program.ts';
import type { DetectorStep } from './program.ts';

export interface PiecesOptions {
  readonly engine: Engine;
  readonly threads: number;
  readonly head: HeadLayout;
  readonly classes: number;
  readonly size: ImageSize;
  readonly batch: number;
}

export async function compilePieces(halves: SeedSplit, options: PiecesOptions): Promise<DetectorStep> {
  const { engine, threads, head, classes, size, batch } = options;
  const { branches, strides, regMax, gains } = head;
  const layout: HeadLayout = { branches, strides, regMax, ...(gains && { gains }) };
  const branchOf = branchesOfGradients(halves.backward, layout);
  if (branchOf === undefined) {
    const loss = new HeadLoss(layout, { classes, size, batch });
    return await DetectionStep.compile(halves, loss, { engine, batch, threads });
  }
  const { images, workers, file } = piecesOf({ engine, threads, batch, size });
  const gradients = gradientShapes(halves, layout);
  const perImage = perImageInputs(halves);
  const step = { batch, images, perImage, branchOf };
  if (file === undefined) {
    const loss = new HeadLoss(layout, { classes, size, batch: images, divided: false });
    const own = await DetectionStep.compile(halves, loss, { engine, batch: images, threads });
    return new PiecewiseStep([pieceRunner(own, loss, gradients)], step);
  }
  const half = (graph: Graph): PieceWorkerData['forward'] => ({
    encoded: encodeForCpu(graph, { intoOnly: true }),
    inputs: graph.inputs.map((input) => nameOf(input)!),
  });
  const workerData: PieceWorkerData = {
    forward: half(halves.forward),
    backward: half(halves.backward),
    saved: halves.saved.map(({ name, shape, dtype }) => ({ name, dtype, shape: bind(shape, { [BATCH]: images }) })),
    gradients,
    head: layout,
    classes,
    size,
    images,
    threads: Math.floor(threads / workers),
  };
  const runners = await Promise.all(Array.from({ length: workers }, () => pieceThread(file, workerData)));
  return new PiecewiseStep(runners, step);
}
