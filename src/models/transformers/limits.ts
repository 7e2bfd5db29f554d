/** What a config.json may ask for: enough for every published vision model, too little to exhaust the machine. */
import * as z from 'zod';

/** ViT-22B has 6144 wide layers and 24 576 wide MLPs. */
const MAX_SIZE = 2 ** 16;
/** ViT-22B has 48 layers. */
const MAX_LAYERS = 256;

export const size = z.int().min(1).max(MAX_SIZE);
export const layerCount = z.int().min(1).max(MAX_LAYERS);

/** Of an image or a patch, in pixels. */
export interface Extent {
  readonly height: number;
  readonly width: number;
}

/** One number for a square, or [height, width]. */
export const extent = z.union(
  [
    size.transform((side): Extent => ({ height: side, width: side })),
    z.tuple([size, size]).transform(([height, width]): Extent => ({ height, width })),
  ],
  { error: `is neither a number from 1 to ${MAX_SIZE} nor [height, width]` },
);
