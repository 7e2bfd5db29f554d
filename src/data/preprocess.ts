/**
 * Makes an image the size its model expects, as the image processors of `transformers` do: resize, then centre crop. The pixels
 * stay 8-bit; rescaling and normalisation are part of the graph.
 */
import { inputSize, type Preprocessing } from '../shared/preprocessing.ts';
import type { RgbImage } from './decode-image.ts';
import type { Size } from './rectangle.ts';
import { resample } from './resample.ts';

/** The result is `[height, width, 3]` of `inputSize(preprocessing)`; what the image does not cover is black. */
export function preprocess(image: RgbImage, preprocessing: Preprocessing): Uint8Array {
  const input = inputSize(preprocessing);
  const size = resizedSize(image, preprocessing.resize);
  const across = centre(size.width, input.width);
  const down = centre(size.height, input.height);
  const box = { x: 0, y: 0, width: image.width, height: image.height };
  const window = { x: across.from, y: down.from, width: across.length, height: down.length };
  const pixels = resample(image, box, size, window, preprocessing.interpolation);
  if (window.width === input.width && window.height === input.height) return pixels;
  const padded = new Uint8Array(input.width * input.height * 3);
  for (let row = 0; row < window.height; row++) {
    const line = pixels.subarray(row * window.width * 3, (row + 1) * window.width * 3);
    padded.set(line, ((down.to + row) * input.width + across.to) * 3);
  }
  return padded;
}

/** An image some hundred times as long as wide is no photograph; squeezing it keeps memory and time bounded. */
const MAX_RESIZED = 65_535;

/** What the image measures after the resize alone. The longer edge is truncated, as `transformers` and torchvision do. */
export function resizedSize({ width, height }: Size, resize: Preprocessing['resize']): Size {
  if (resize.mode === 'exact') return { width: resize.width, height: resize.height };
  const { edge } = resize;
  const longer = Math.min(Math.trunc((edge * Math.max(width, height)) / Math.min(width, height)), MAX_RESIZED);
  return width <= height ? { width: edge, height: longer } : { width: longer, height: edge };
}

/** The part of `length` pixels that a centre crop keeps, and where in `wanted` pixels it goes: an odd pixel is cut or padded at the end. */
function centre(length: number, wanted: number): { from: number; to: number; length: number } {
  return length >= wanted
    ? { from: Math.floor((length - wanted) / 2), to: 0, length: wanted }
    : { from: 0, to: Math.floor((wanted - length) / 2), length };
}
