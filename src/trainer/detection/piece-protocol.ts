/** What a trainer and the threads that run pieces of its batches tell each other. */
import type { EncodedGraph } from '../../engines/onnxruntime.ts';
import type { Tensors } from '../../engines/engine.ts';
import type { DType } from '../../graph/tensor.ts';
import type { ImageSize } from '../../models/base.ts';
import type { HeadLayout } from './losses.ts';
import type { GradientShapes, Piece } from './piece.ts';

interface EncodedHalf {
  readonly encoded: EncodedGraph;
  /** By name. */
  readonly inputs: readonly string[];
}

export interface PieceWorkerData {
  readonly forward: EncodedHalf;
  readonly backward: EncodedHalf;
  readonly saved: readonly { readonly name: string; readonly shape: readonly number[]; readonly dtype: DType }[];
  readonly gradients: GradientShapes;
  readonly head: HeadLayout;
  readonly classes: number;
  readonly size: ImageSize;
  /** In a piece. */
  readonly images: number;
  /** Of the engine, in this thread. */
  readonly threads: number;
}

export interface PieceRequest {
  readonly values: Tensors;
  readonly pieces: readonly Piece[];
  readonly progress: number;
}
