/** An adapter put into its base for good: the same graph with other constants, which any engine runs and any export writes. */
import { nameOf } from '../graph/ir.ts';
import type { Graph } from '../graph/ir.ts';
import { rewrite } from '../graph/rewrite.ts';
import { frozenTensors } from '../models/frozen.ts';
import type { Base, ImageSize } from '../models/base.ts';
import { InputError } from '../shared/errors.ts';
import type { Tensor } from '../graph/tensor.ts';
import { checkBase, refuseResidual, renamed } from './adapter.ts';
import type { Adapter } from './adapter.ts';
import { mergedWeight } from './merge.ts';

/**
 * Throws InputError for an adapter of another base, for layers the base does not have, and for a new head that was not saved.
 * `place` names the adapter in errors.
 */
export function mergeIntoBase(base: Base, adapter: Adapter, place: string): Base {
  refuseResidual(adapter, 'merged');
  const { sha256, fusedBatchNorm } = base.identity;
  checkBase(adapter, { name: base.name, sha256, fusedBatchNorm }, place);
  // PEFT trains Ultralytics' model, whose normalisation stands apart from its convolutions, and writes no word of it.
  if (
    base.detection !== undefined &&
    base.family === 'onnx' &&
    fusedBatchNorm &&
    adapter.base.fusedBatchNorm === undefined
  )
    throw new InputError(
      `does not tell that it belongs to an export, whose normalisation is fused as in ${base.name}; name the .pt that it was trained on`,
      { file: place },
    );
  const { layers, saved, config, task } = renamed(adapter, (path) => base.aliases.get(path));
  const frozen = frozenTensors(base.graph);
  const constants = new Map<string, Tensor>(saved);
  for (const [module, layer] of layers) {
    const name = `${module}.weight`;
    const weight = frozen.get(name);
    if (weight === undefined)
      throw new InputError(`adapts ${module}, which the base ${base.name} does not have`, { file: place });
    constants.set(name, mergedWeight(weight, layer, module, { fanInFanOut: config.fanInFanOut }));
  }
  for (const [name, { shape }] of saved) {
    const published = frozen.get(name)?.shape;
    if (published === undefined)
      throw new InputError(`saves ${name}, which the base ${base.name} does not have`, { file: place });
    // A head for other classes has another number of rows; nothing else may differ.
    const first = base.heads.some((head) => name.startsWith(`${head}.`)) ? shape[0] : published[0];
    if (shape.join() !== [first, ...published.slice(1)].join())
      throw new InputError(`saves ${name} as [${shape.join(', ')}], in the base it is [${published.join(', ')}]`, {
        file: place,
      });
  }
  const labels = task?.classNames ?? base.labels;
  for (const head of base.heads) {
    for (const name of [`${head}.weight`, `${head}.bias`]) {
      const rows = (constants.get(name) ?? frozen.get(name))?.shape[0];
      if (labels !== undefined && rows !== undefined && labels.length !== rows) {
        throw new InputError(`tells ${labels.length} classes, but ${name} has ${rows} rows; its head was not saved`, {
          file: place,
        });
      }
    }
  }
  const merged = (graph: Graph): Graph =>
    rewrite(graph, {
      replace: (leaf, to) => {
        const name = leaf.source.kind === 'constant' ? nameOf(leaf) : undefined;
        const tensor = name === undefined ? undefined : constants.get(name);
        return tensor && to.constant(tensor, name);
      },
    });
  const detection = base.detection && {
    ...base.detection,
    classes: labels?.length ?? base.detection.classes,
    atSize: (size: ImageSize) => merged(base.detection!.atSize(size)),
  };
  const preprocessing = task?.preprocessing ?? base.preprocessing;
  return { ...base, graph: merged(base.graph), labels, preprocessing, detection };
}
