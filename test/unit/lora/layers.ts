/** Adapters made by hand. */
import { float32 } from '../../../src/graph/tensor.ts';
import { type Adapter, type AdapterLayer, PLAIN_CONFIG } from '../../../src/lora/adapter.ts';
import { Random } from '../../../src/shared/random.ts';

/** A linear layer out × in of random factors. */
export function randomLayer(
  seed: number,
  {
    rank = 4,
    alpha = 8,
    rows = 6,
    columns = 9,
    scale = alpha / rank,
    ...given
  }: Partial<AdapterLayer> & { rows?: number; columns?: number } = {},
): AdapterLayer {
  const random = new Random(seed);
  const normal = (length: number): Float32Array => Float32Array.from({ length }, () => random.normal());
  return {
    kind: 'linear',
    A: float32([rank, columns], normal(rank * columns)),
    B: float32([rows, rank], normal(rows * rank)),
    rank,
    alpha,
    scale,
    ...given,
  };
}

export function adapterOf(layers: Record<string, AdapterLayer>, given: Partial<Adapter> = {}): Adapter {
  return {
    config: PLAIN_CONFIG,
    layers: new Map(Object.entries(layers)),
    saved: new Map(),
    base: {},
    dtype: 'float32',
    warnings: [],
    ...given,
  };
}

export function norm(data: ArrayLike<number>): number {
  return Math.sqrt(Array.from(data).reduce((sum, value) => sum + value ** 2, 0));
}
