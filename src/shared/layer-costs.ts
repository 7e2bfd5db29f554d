/** What each layer's adapter costs at a rank: the strip of bars and its table. */
import { adapterSizeOf, maxRankOf, weightSizeOf } from './adaptable-module.ts';
import type { CostCoefficients } from './cost.ts';
import type { Job } from './job.ts';

export interface LayerCost {
  readonly path: string;
  readonly rank: number;
  readonly parameters: number;
  /** Trained parameters over those of the weight. */
  readonly share: number;
}

/** In the order of the model; layers whose sides are smaller than the rank are left out, as in training. */
export function layerCosts(
  { modules }: CostCoefficients,
  { rank, useDora }: Pick<Job['lora'], 'rank' | 'useDora'>,
  isTarget: (path: string) => boolean,
  rankOf: (path: string) => number | undefined = () => undefined,
): LayerCost[] {
  return modules.flatMap(({ module }) => {
    const own = rankOf(module.path) ?? rank;
    if (!isTarget(module.path) || own > maxRankOf(module)) return [];
    const parameters = adapterSizeOf(module, own, useDora);
    return [{ path: module.path, rank: own, parameters, share: parameters / weightSizeOf(module) }];
  });
}

export interface StripBar {
  readonly first: string;
  readonly layers: number;
  readonly parameters: number;
}

/** At most `most` bars: neighbours share one where there are more layers than a view can draw. */
export function stripOf(layers: readonly LayerCost[], most: number): StripBar[] {
  const each = Math.max(1, Math.ceil(layers.length / most));
  return Array.from({ length: Math.ceil(layers.length / each) }, (_, index) => {
    const part = layers.slice(index * each, (index + 1) * each);
    const parameters = part.reduce((sum, layer) => sum + layer.parameters, 0);
    return { first: part[0]!.path, layers: part.length, parameters };
  });
}
