/**
 * Resizing one axis as ONNX's Resize defines it, as a matrix [resized, length] that the axis is multiplied by: each row holds the weights of
 * the elements that one resized element is made of. Whatever the mode, the gradient is then a product with the same matrix.
 */
import { ShapeError } from './shape.ts';
import { float32 } from './tensor.ts';
import type { Tensor } from './tensor.ts';

/** Where a resized element lies among the original ones: `coordinate_transformation_mode`. */
const COORDINATES = {
  half_pixel: ({ index, scale }: Place) => (index + 0.5) / scale - 0.5,
  pytorch_half_pixel: ({ index, scale, resized }: Place) => (resized > 1 ? (index + 0.5) / scale - 0.5 : 0),
  align_corners: ({ index, length, resized }: Place) => (resized > 1 ? (index * (length - 1)) / (resized - 1) : 0),
  asymmetric: ({ index, scale }: Place) => index / scale,
};

/** Which element is the nearest: `nearest_mode`. */
const NEAREST = {
  round_prefer_floor: (x: number) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x: number) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

interface Place {
  readonly index: number;
  readonly length: number;
  readonly resized: number;
  readonly scale: number;
}

export interface Interpolation {
  readonly mode: 'nearest' | 'linear';
  readonly coordinates: keyof typeof COORDINATES;
  /** Read where mode is nearest. */
  readonly nearest: keyof typeof NEAREST;
}

/** `scale` is resized / length where the caller gives sizes; a scale that was given itself need not divide evenly. */
export function interpolationMatrix(
  length: number,
  resized: number,
  scale: number,
  { mode, coordinates, nearest }: Interpolation,
): Tensor<'float32'> {
  if (resized < 1) throw new ShapeError(`an axis of ${length} cannot be resized to ${resized}`);
  const weights = new Float32Array(resized * length);
  for (let index = 0; index < resized; index++) {
    const x = COORDINATES[coordinates]({ index, length, resized, scale });
    const put = (element: number, weight: number): void => {
      // Beyond the border its last element goes on.
      weights[index * length + Math.min(length - 1, Math.max(0, element))]! += weight;
    };
    if (mode === 'nearest') {
      put(NEAREST[nearest](x), 1);
    } else {
      const before = Math.floor(x);
      put(before, 1 - (x - before));
      put(before + 1, x - before);
    }
  }
  return float32([resized, length], weights);
}
