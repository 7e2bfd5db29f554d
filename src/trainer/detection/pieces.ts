/** How the batch of a detector's step is cut on a CPU, for those who run it and those who plan it. */
import type { Engine } from '../../engines/engine.ts';
import { onnxRuntimeCpu } from '../../engines/onnxruntime.ts';
import { workerFile } from '../../formats/worker-file.ts';
import type { ImageSize } from '../../models/base.ts';
import type { Precision } from '../precision.ts';
import { imagesInPiece } from './piecewise-step.ts';

export interface PiecesOf {
  readonly engine: Engine;
  readonly threads: number;
  readonly batch: number;
  readonly size: ImageSize;
}

export interface Pieces {
  /** In one piece. */
  readonly images: number;
  /** Pieces that run at once. */
  readonly workers: number;
  /** The bundle of a thread with an engine of its own; undefined where pieces run one by one in the engine of this one. */
  readonly file: string | undefined;
}

export function piecesOf({ engine, threads, batch, size: { width, height } }: PiecesOf): Pieces {
  const images = imagesInPiece(batch, threads, width * height);
  const file = engine === onnxRuntimeCpu ? workerFile('piece-worker') : undefined;
  const workers = Math.min(threads, batch / images);
  return file === undefined || workers === 1 ? { images, workers: 1, file: undefined } : { images, workers, file };
}

/** A GPU, and half precision anywhere, have the loss inside the graph and run a batch as a whole. */
export function runsInPieces({ gpu }: Pick<Engine, 'gpu'>, precision: Precision): boolean {
  return gpu !== true && precision === 'fp32';
}
