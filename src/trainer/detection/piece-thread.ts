/** A thread that runs pieces, as the trainer sees it. */
import { AskedThread } from './asked-thread.ts';
import type { Piece, PieceRunner, PieceSums } from './piece.ts';
import type { PieceRequest, PieceWorkerData } from './piece-protocol.ts';

/** `file` is that of the built worker. */
export async function pieceThread(file: string, workerData: PieceWorkerData): Promise<PieceRunner> {
  const work = 'runs pieces of a batch';
  const thread = await AskedThread.start<PieceRequest, PieceSums>({ file, workerData, work });
  return {
    run: (values, pieces, progress) => thread.ask({ values, pieces: pieces.map(alone), progress }),
    release: () => thread.release(),
  };
}

/** With memory of its own: a message takes all that lies under a view. */
function alone({ feeds, targets: { counts, rows, weights } }: Piece): Piece {
  return {
    feeds: Object.fromEntries(
      Object.entries(feeds).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]),
    ),
    targets: { counts: counts.slice(), rows: rows.slice(), weights: weights.slice() },
  };
}
