/**
 * A smaller adapter that is nearest to the given one: s·B·A cut to its largest singular values, the best of its rank in the
 * Frobenius norm (Eckart and Young 1936).
 */
import { scaleOf } from '../shared/adaptable-module.ts';
import type { ResizedLayer } from '../shared/adapter-report.ts';
import { InputError, messageOf } from '../shared/errors.ts';
import { type Adapter, type AdapterLayer, refuseResidual } from './adapter.ts';
import { factorsOf, withFactors } from './factors.ts';
import { productSvd } from './svd.ts';

/** One rank for all layers, or for each the lowest whose relative error stays within a share from 0 to 1. */
export type ResizeLimit = { readonly rank: number } | { readonly error: number };

export interface Resized {
  readonly adapter: Adapter;
  readonly layers: readonly ResizedLayer[];
  /** The same over all layers together. */
  readonly error: number;
}

/**
 * Alpha stays; the singular values carry the ratio of the old scale to the new one, so that s·B·A is kept. Layers that are
 * small enough already stay as they are. Throws an `InputError` for a rank that is not below the adapter's, or no rank at all.
 */
export function resize(adapter: Adapter, limit: ResizeLimit): Resized {
  checkResizable(adapter);
  checkLimit(adapter, limit);
  const layers = new Map<string, AdapterLayer>();
  const report: ResizedLayer[] = [];
  let [lost, whole] = [0, 0];
  for (const [module, layer] of adapter.layers) {
    const cut = cutLayer(layer, limit, adapter.config.useRslora);
    layers.set(module, cut.layer);
    report.push({
      module,
      rankBefore: layer.rank,
      rank: cut.layer.rank,
      error: cut.whole > 0 ? Math.sqrt(cut.lost / cut.whole) : 0,
    });
    lost += cut.lost;
    whole += cut.whole;
  }
  return { adapter: { ...adapter, layers }, layers: report, error: whole > 0 ? Math.sqrt(lost / whole) : 0 };
}

/** Why `resize` would refuse an adapter whatever the rank; null where it would not. */
export function resizeObstacle(adapter: Adapter): string | null {
  if (adapter.layers.size === 0) return 'holds modules trained whole and no LoRA layers';
  if ([...adapter.layers.values()].every(({ rank }) => rank === 1)) return 'is of rank 1 already';
  try {
    checkResizable(adapter);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

function checkResizable(adapter: Adapter): void {
  refuseResidual(adapter, 'resized');
  for (const [module, { B, rank }] of adapter.layers) {
    if (B.shape[1] !== rank) throw new InputError(`${module} is a grouped convolution: its adapter cannot be resized`);
  }
}

interface Cut {
  readonly layer: AdapterLayer;
  /** Squared norms: of what was cut off, and of s·B·A before. */
  readonly lost: number;
  readonly whole: number;
}

function cutLayer(layer: AdapterLayer, limit: ResizeLimit, useRslora: boolean): Cut {
  const factors = factorsOf(layer);
  const { singularValues, u, v } = productSvd(factors.bColumns, factors.aRows);
  const squares = Array.from(singularValues, (sigma) => (layer.scale * sigma) ** 2);
  const whole = sum(squares);
  const wanted = 'error' in limit ? rankWithin(squares, limit.error) : limit.rank;
  // Beyond min(out, in) a product has nothing to keep.
  const rank = wanted >= layer.rank ? layer.rank : Math.min(wanted, squares.length);
  if (rank === layer.rank) return { layer, lost: 0, whole };
  const scale = scaleOf(rank, layer.alpha, useRslora);
  if (whole === 0) {
    // Never trained: the first rows of A, so that it can still be.
    const kept = { bColumns: factors.bColumns.slice(0, rank), aRows: factors.aRows.slice(0, rank) };
    return { layer: { ...withFactors(layer, kept), scale }, lost: 0, whole };
  }
  const roots = Array.from({ length: rank }, (_, k) => Math.sqrt(singularValues[k]! * (layer.scale / scale)));
  const balanced = {
    bColumns: roots.map((root, k) => u[k]!.map((value) => value * root)),
    aRows: roots.map((root, k) => v[k]!.map((value) => value * root)),
  };
  return { layer: { ...withFactors(layer, balanced), scale }, lost: sum(squares.slice(rank)), whole };
}

/** The lowest rank, at least 1, whose tail is within the error. */
function rankWithin(squares: readonly number[], error: number): number {
  const allowed = error ** 2 * sum(squares);
  let rank = squares.length;
  let tail = 0;
  while (rank > 1 && tail + squares[rank - 1]! <= allowed) tail += squares[--rank]!;
  return rank;
}

function checkLimit(adapter: Adapter, limit: ResizeLimit): void {
  if ('error' in limit) {
    if (limit.error >= 0 && limit.error < 1) return;
    throw new InputError(`is ${limit.error}; give a share from 0 to below 1`, { field: 'error' });
  }
  const highest = Math.max(0, ...[...adapter.layers.values()].map(({ rank }) => rank));
  if (!Number.isInteger(limit.rank) || limit.rank < 1) {
    throw new InputError(`is ${limit.rank}; give a whole number from 1`, { field: 'rank' });
  }
  if (limit.rank >= highest) {
    throw new InputError(`is ${limit.rank}, but the adapter's highest is ${highest}; give a lower one`, {
      field: 'rank',
    });
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
