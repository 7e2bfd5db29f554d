/** What each adapted layer costs, for a table. */
import type { Graph } from '../graph/ir.ts';
import type { Adapted } from '../lora/adapt.ts';
import { adapterTensors } from '../shared/adapter-tensors.ts';
import { weightSizeOf } from '../shared/adaptable-module.ts';
import type { AdaptableModule } from '../shared/adaptable-module.ts';
import { fileRankOf } from '../shared/cost.ts';
import type { LoraOptions } from '../shared/job.ts';
import type { PlannedLayer } from '../shared/plan.ts';

/** `step` is the graph of a training step, in which the forms have been chosen. */
export function planLayers({ targets }: Adapted, { init, useDora }: LoraOptions, step: Graph): PlannedLayer[] {
  const forms = formsOf(step);
  return targets.map(({ module, rank, alpha, scale, parameters }) => ({
    module: module.path,
    kind: module.kind,
    shape: weightShapeOf(module),
    rank,
    alpha,
    scale,
    parameters,
    bytes: adapterTensors(module, fileRankOf(rank, init), useDora).reduce(
      (sum, { shape }) => sum + shape.reduce((size, dim) => size * dim, Float32Array.BYTES_PER_ELEMENT),
      0,
    ),
    share: parameters / weightSizeOf(module),
    form: forms.get(module.path) ?? 'side path',
  }));
}

/** By module; one whose path is composed of plain ops (dropout, embeddings) is not among them, and runs beside its weight. */
function formsOf(step: Graph): Map<string, PlannedLayer['form']> {
  const forms = new Map<string, PlannedLayer['form']>();
  for (const { op, module, attributes } of step.nodes) {
    if (module === undefined || (op !== 'LoraLinear' && op !== 'LoraConv')) continue;
    const form = attributes['merged'] === true ? 'merged' : 'side path';
    forms.set(module, (forms.get(module) ?? form) === form ? form : 'mixed');
  }
  return forms;
}

/** As PyTorch stores it. */
export function weightShapeOf(module: AdaptableModule): readonly number[] {
  const { inFeatures, outFeatures } = module;
  switch (module.kind) {
    case 'linear':
      return [outFeatures, inFeatures];
    case 'conv2d':
      return [outFeatures, inFeatures / module.groups, ...module.kernel];
    case 'embedding':
      return [inFeatures, outFeatures];
  }
}
