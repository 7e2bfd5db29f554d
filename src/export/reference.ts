/** What an export is compared with: the base with its adapter beside it, in the graph that training evaluates. */
import { chooseLoraForm } from '../graph/passes/choose-lora-form.ts';
import { foldBatchNormalization } from '../graph/passes/fold-batch-normalization.ts';
import { foldNormalization } from '../graph/passes/fold-normalization.ts';
import { nameOf } from '../graph/ir.ts';
import type { Graph } from '../graph/ir.ts';
import { rewrite } from '../graph/rewrite.ts';
import { renamed } from '../lora/adapter.ts';
import type { Adapter } from '../lora/adapter.ts';
import { adapterPath } from '../lora/adapter-path.ts';
import { BATCH } from '../models/base.ts';
import type { Base } from '../models/base.ts';

/** `PIXELS` → `LOGITS`. The adapter fits the base: `mergeIntoBase` has checked it. `batch` is what the forms of the layers are chosen for. */
export function referenceGraph(base: Base, adapter: Adapter, batch: number): Graph {
  const { layers, saved } = renamed(adapter, (path) => base.aliases.get(path));
  const graph = rewrite(base.graph, {
    replace: (leaf, to) => {
      const name = leaf.source.kind === 'constant' ? nameOf(leaf) : undefined;
      const tensor = name === undefined ? undefined : saved.get(name);
      return tensor && to.constant(tensor, name);
    },
    visit: ({ graph: to, node, inputs }) => {
      const layer = node.module === undefined ? undefined : layers.get(node.module);
      if (layer === undefined) return undefined;
      const { A, B, magnitude, scale } = layer;
      const values = { a: to.constant(A), b: to.constant(B), magnitude: magnitude && to.constant(magnitude) };
      return [adapterPath(node, inputs, values, { scale, dropout: 0 })];
    },
  });
  return chooseLoraForm(foldNormalization(foldBatchNormalization(graph)), { [BATCH]: batch });
}
