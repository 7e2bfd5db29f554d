/** An image processor of transformers: what it takes where a preprocessor_config.json says nothing, and how it resizes. */
import type { Preprocessing } from '../../shared/preprocessing.ts';
import type { Extent } from './limits.ts';

/** Both sides as one number or apart, or the shorter one. */
export type Size = number | Extent | { readonly shortest_edge: number };

type Channels = readonly [number, number, number];

/** What of the file decides beside the sizes. */
export interface ResizeOptions {
  readonly crop_pct?: number | null | undefined;
}

/** Its family defines it; whichever family a model is of, its file may name any of them. */
export interface Processor {
  /** The class, without `ImageProcessor`. */
  readonly name: string;
  readonly size: Size;
  /** What `size` means as one number: both sides, or the shorter one. */
  readonly number: 'square' | 'shortest-edge';
  readonly resample: number;
  readonly crop_size?: Size;
  readonly image_mean: Channels;
  readonly image_std: Channels;
  /** A way of its own from the length of the shorter edge; left out where that is resized to and the crop taken. */
  readonly shortestEdge?: (edge: number, options: ResizeOptions) => Pick<Preprocessing, 'resize' | 'crop'>;
}

/** PIL's numbers of the filters that processors resample by. */
export const BILINEAR = 2;
export const BICUBIC = 3;

/** Bytes to −1 … 1. */
export const HALF = {
  image_mean: [0.5, 0.5, 0.5],
  image_std: [0.5, 0.5, 0.5],
} as const satisfies Partial<Processor>;
