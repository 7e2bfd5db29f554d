/** Which images a detector takes: squares where nobody says otherwise, with sides that its strides divide. */
import { InputError } from '../shared/errors.ts';
import type { Preprocessing } from '../shared/preprocessing.ts';
import type { ImageSize } from './base.ts';

/** Larger images are a mistake, as shared/preprocessing.ts has it. */
const MAX_SIDE = 4096;

/** A square of the nearest side that every stride divides, not below one cell. */
export function fittingSize(side: number, strides: readonly number[]): ImageSize {
  const stride = Math.max(...strides);
  const fitting = Math.min(MAX_SIDE, Math.max(stride, Math.ceil(side / stride) * stride));
  return { height: fitting, width: fitting };
}

/** Throws an `InputError` for a size that the strides do not divide, with the next one that they do. */
export function checkedSize(size: ImageSize, strides: readonly number[]): ImageSize {
  const stride = Math.max(...strides);
  for (const side of [size.height, size.width]) {
    if (side % stride === 0 && side >= stride && side <= MAX_SIDE) continue;
    const nearest = fittingSize(side, strides).height;
    throw new InputError(
      `images of ${size.width}×${size.height} pixels do not fit this model: sides are multiples of ${stride} up to ${MAX_SIDE}; ${nearest} is the next`,
      { field: 'detection.imageSize' },
    );
  }
  return size;
}

/** Bytes to 0…1. The aspect ratio is kept by what places images and boxes together: this is only the size that comes out. */
export function detectorPreprocessing({ height, width }: ImageSize): Preprocessing {
  return {
    resize: { mode: 'exact', height, width },
    crop: null,
    interpolation: 'bilinear',
    mean: [0, 0, 0],
    std: [1, 1, 1],
  };
}
