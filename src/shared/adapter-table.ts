/** The layers of an adapter as the inspector lists them: found by their path, and beside the largest of their kind. Pure. */
import type { AdapterReport, LayerReport } from './adapter-report.ts';

/** Layers whose path or kind has every word of the query; all of them for an empty one. */
export function matchingLayers<Layer extends Pick<LayerReport, 'module' | 'kind'>>(
  layers: readonly Layer[],
  query: string,
): readonly Layer[] {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return layers;
  return layers.filter(({ module, kind }) => {
    const text = `${module.toLowerCase()} ${kind}`;
    return words.every((word) => text.includes(word));
  });
}

/** What a full bar stands for in each column. */
export interface Scales {
  readonly parameters: number;
  readonly share: number;
  readonly delta: number;
}

export function scalesOf(layers: readonly LayerReport[]): Scales {
  // A loop: as arguments of Math.max ten thousand layers would be many.
  let [parameters, share, delta] = [0, 0, 0];
  for (const layer of layers) {
    parameters = Math.max(parameters, layer.parameters);
    share = Math.max(share, layer.share);
    delta = Math.max(delta, deltaOf(layer) ?? 0);
  }
  return { parameters, share, delta };
}

/** How much a layer changes: relative to its weight where that is known, else absolute. */
export function deltaOf({ relativeDelta, deltaNorm }: LayerReport): number | null {
  return relativeDelta ?? deltaNorm ?? null;
}

export interface Savings {
  /** Adapter and head together. */
  readonly parameters: number;
  readonly bytes: number;
  /** Of a whole fine-tuned copy in the same dtype; null without the base. */
  readonly fullBytes: number | null;
  readonly share: number | null;
  /** How many of these fit into one whole copy. */
  readonly factor: number | null;
}

export function savingsOf({ adapter, saved, fullCopy }: AdapterReport): Savings {
  const bytes = adapter.bytes + saved.bytes;
  return {
    parameters: adapter.parameters + saved.parameters,
    bytes,
    fullBytes: fullCopy?.bytes ?? null,
    share: fullCopy === undefined ? null : bytes / fullCopy.bytes,
    factor: fullCopy?.factor ?? null,
  };
}

/** The ranks a slider stops at: powers of two below the highest rank, and that itself. */
export function rankStops(layers: readonly Pick<LayerReport, 'rank'>[]): readonly number[] {
  const highest = layers.reduce((most, { rank }) => Math.max(most, rank), 1);
  const stops: number[] = [];
  for (let rank = 1; rank < highest; rank *= 2) stops.push(rank);
  return [...stops, highest];
}
