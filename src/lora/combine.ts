/**
 * Several adapters of one base as one: Σ wᵢ·ΔWᵢ. Side by side their factors give it exactly, with the ranks summed:
 * [B₁ B₂]·[A₁; A₂] = B₁·A₁ + B₂·A₂. A target rank then cuts it to the nearest adapter of that rank.
 */
import { float32, type Tensor } from '../graph/tensor.ts';
import { InputError } from '../shared/errors.ts';
import { type Adapter, type AdapterLayer, checkBase, refuseResidual } from './adapter.ts';
import { factorsOf, withFactors } from './factors.ts';
import { resize, type Resized } from './resize.ts';

export interface WeightedAdapter {
  readonly adapter: Adapter;
  readonly weight: number;
  /** How it is called in errors: its folder. */
  readonly name: string;
}

/** Exact; a module that only some adapters have is taken from these. Modules saved whole are averaged by their weights. */
export function combine(parts: readonly WeightedAdapter[]): Adapter {
  const [first] = parts;
  if (first === undefined || parts.length < 2) throw new InputError('name at least two adapters to combine');
  for (const part of parts) checkPart(part, first);
  const modules = new Set(parts.flatMap(({ adapter }) => [...adapter.layers.keys()]));
  const layers = new Map([...modules].map((module) => [module, sideBySide(parts, module)]));
  const { task, ...rest } = first.adapter;
  return {
    ...rest,
    // Each part's scale is inside its B, so the common one is 1: alpha = rank.
    config: { ...first.adapter.config, useRslora: false, modulesToSave: unionOfSaved(parts) },
    layers,
    saved: averageSaved(parts),
    ...(task !== undefined && { task }),
    warnings: [...new Set(parts.flatMap(({ adapter }) => adapter.warnings))],
  };
}

/** The same cut to `rank` by its largest singular values, and the error of that. */
export function combineToRank(parts: readonly WeightedAdapter[], rank: number): Resized {
  return resize(combine(parts), { rank });
}

function checkPart({ adapter, name, weight }: WeightedAdapter, first: WeightedAdapter): void {
  const place = { file: name };
  if (!Number.isFinite(weight)) throw new InputError(`its weight is ${weight}; give a number`, place);
  refuseResidual(adapter, 'combined');
  checkBase(first.adapter, adapter.base, name);
  if (adapter.config.useDora) {
    throw new InputError('a DoRA adapter is no sum of B·A, so it cannot be combined; merge it into the base', place);
  }
  if (adapter.config.fanInFanOut !== first.adapter.config.fanInFanOut) {
    throw new InputError(`is for a base with its weights turned otherwise than that of ${first.name}`, place);
  }
  const [classes, expected] = [adapter.task?.classNames, first.adapter.task?.classNames];
  if (classes !== undefined && expected !== undefined && classes.join('\n') !== expected.join('\n')) {
    throw new InputError(`was trained on other classes than ${first.name}`, place);
  }
}

function sideBySide(parts: readonly WeightedAdapter[], module: string): AdapterLayer {
  const present = parts.flatMap(({ adapter, weight, name }) => {
    const layer = adapter.layers.get(module);
    return layer === undefined ? [] : [{ layer, weight, name }];
  });
  const [first] = present;
  for (const { layer, name } of present) {
    if (shapeOf(layer) !== shapeOf(first!.layer)) {
      throw new InputError(`${module} is ${shapeOf(layer)}, in ${first!.name} it is ${shapeOf(first!.layer)}`, {
        file: name,
      });
    }
    if (layer.B.shape[1] !== layer.rank) {
      throw new InputError(`${module} is a grouped convolution: its adapter cannot be combined`, { file: name });
    }
  }
  const scaled = present.map(({ layer, weight }) => {
    const { bColumns, aRows } = factorsOf(layer);
    return { bColumns: bColumns.map((column) => column.map((value) => value * weight * layer.scale)), aRows };
  });
  const bColumns = scaled.flatMap((factors) => factors.bColumns);
  const aRows = scaled.flatMap((factors) => factors.aRows);
  return { ...withFactors(first!.layer, { bColumns, aRows }), alpha: bColumns.length, scale: 1 };
}

function shapeOf({ kind, A, B }: AdapterLayer): string {
  return `${kind} ${A.shape.slice(1).join('×')} → ${B.shape[0]!}`;
}

function unionOfSaved(parts: readonly WeightedAdapter[]): string[] {
  return [...new Set(parts.flatMap(({ adapter }) => adapter.config.modulesToSave))];
}

/** A head is no difference to a base that could be summed: the mean, weighted by the adapters that have it. */
function averageSaved(parts: readonly WeightedAdapter[]): Map<string, Tensor> {
  const names = new Set(parts.flatMap(({ adapter }) => [...adapter.saved.keys()]));
  return new Map([...names].map((name) => [name, averageOf(parts, name)]));
}

function averageOf(parts: readonly WeightedAdapter[], name: string): Tensor {
  const present = parts.filter(({ adapter }) => adapter.saved.has(name));
  const first = present[0]!.adapter.saved.get(name)!;
  if (present.length === 1 || !(first.data instanceof Float32Array)) return first;
  const total = present.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0) throw new InputError(`the weights sum to 0, so ${name} has no mean; change one`);
  const mean = new Float64Array(first.data.length);
  for (const { adapter, weight, name: file } of present) {
    const tensor = adapter.saved.get(name)!;
    if (tensor.shape.join() !== first.shape.join()) {
      throw new InputError(
        `${name} is [${tensor.shape.join(', ')}], in ${present[0]!.name} [${first.shape.join(', ')}]`,
        { file },
      );
    }
    for (let i = 0; i < mean.length; i++) mean[i]! += (weight / total) * Number(tensor.data[i]!);
  }
  return float32(first.shape, Float32Array.from(mean));
}
