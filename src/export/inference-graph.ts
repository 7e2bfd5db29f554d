/** The merged model as it is computed when nothing is trained any more: what narrower types are put into. */
import type { Graph } from '../graph/ir.ts';
import { foldBatchNormalization } from '../graph/passes/fold-batch-normalization.ts';
import { foldConstants } from '../graph/passes/fold-constants.ts';
import { lower } from '../graph/passes/lower.ts';
import type { ExportSite } from './format.ts';

/** Of ops that an engine knows alone, BatchNorm inside the convolutions, what depends on weights alone worked out. */
export async function inferenceGraph({ merged, engine, threads }: ExportSite): Promise<Graph> {
  return await foldConstants(lower(foldBatchNormalization(merged.graph)), async (constants) => {
    const program = await engine.compile(constants, { threads });
    try {
      return await program.run({});
    } finally {
      await program.release();
    }
  });
}
