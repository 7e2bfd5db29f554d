/** Images and parts of them in pixels. */
import type { RgbImage } from './decode-image.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Rectangle extends Size {
  readonly x: number;
  readonly y: number;
}

/** A part of an image that is resampled: rows `rows` of its `box` are what `window` of the result needs. */
export interface ResampledPart {
  readonly image: RgbImage;
  readonly box: Rectangle;
  readonly rows: { readonly top: number; readonly count: number };
  readonly window: Rectangle;
}
