/**
 * What an adapter would be at a lower rank, from the spectra of its layers: the numbers that `lowrank resize` (src/lora/resize.ts)
 * reports after the cut, fast enough to follow a slider over thousands of layers.
 */

export interface SpectralLayer {
  readonly module: string;
  readonly rank: number;
  /** What each rank adds: a row of A and a column of B. */
  readonly parametersPerRank: number;
  /** What no rank changes: DoRA's magnitude. */
  readonly fixedParameters: number;
  /** Singular values of ΔW = s·B·A, the largest first. */
  readonly singularValues: readonly number[];
}

export interface CutLayer {
  readonly module: string;
  readonly rank: number;
  readonly parameters: number;
  /** ‖ΔW − ΔW'‖_F / ‖ΔW‖_F; 0 where nothing was learned. */
  readonly error: number;
}

export interface WhatIf {
  readonly layers: readonly CutLayer[];
  /** Of the adapter, the head apart. */
  readonly parameters: number;
  /** The same over all layers together. */
  readonly error: number;
}

/** Every layer at `rank`; those that are small enough already stay as they are. */
export function whatIf(layers: readonly SpectralLayer[], rank: number): WhatIf {
  let [lost, whole, parameters] = [0, 0, 0];
  const cuts = layers.map((layer): CutLayer => {
    const { module, singularValues } = layer;
    // Beyond min(out, in) a product has nothing to keep.
    const kept = rank >= layer.rank ? layer.rank : Math.min(rank, singularValues.length);
    const layerLost = energy(singularValues, kept, singularValues.length);
    const layerWhole = layerLost + energy(singularValues, 0, Math.min(kept, singularValues.length));
    const size = kept * layer.parametersPerRank + layer.fixedParameters;
    lost += layerLost;
    whole += layerWhole;
    parameters += size;
    return { module, rank: kept, parameters: size, error: layerWhole > 0 ? Math.sqrt(layerLost / layerWhole) : 0 };
  });
  return { layers: cuts, parameters, error: whole > 0 ? Math.sqrt(lost / whole) : 0 };
}

/** Σσ² from one on, up to another. */
function energy(singularValues: readonly number[], from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += singularValues[i]! * singularValues[i]!;
  return sum;
}
