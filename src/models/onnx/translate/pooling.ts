/** Pooling over windows, and resizing. */
import { averagePool, maxPool, resize } from '../../../graph/build.ts';
import type { ResizeOptions } from '../../../graph/build.ts';
import { axisIndex, known, ShapeError } from '../../../graph/shape.ts';
import { windowOf } from './window.ts';
import type { Site, Translator } from './site.ts';

const largest: Translator = (site) => {
  const kernel = site.attributes.ints('kernel_shape') ?? [];
  const x = site.ranked(0, 4);
  return [maxPool(x, { kernel, ...windowOf(site, x, kernel), ...ceilMode(site) })];
};

const mean: Translator = (site) => {
  const kernel = site.attributes.ints('kernel_shape') ?? [];
  const x = site.ranked(0, 4);
  const { strides, pads, dilations } = windowOf(site, x, kernel);
  if (dilations.some((step) => step !== 1)) throw new ShapeError('is dilated');
  const countIncludePad = site.attributes.int('count_include_pad', 0) === 1;
  return [averagePool(x, { kernel, strides, pads, countIncludePad, ...ceilMode(site) })];
};

function ceilMode(site: Site): { ceilMode: boolean } {
  return { ceilMode: site.attributes.int('ceil_mode', 0) === 1 };
}

const COORDINATES = ['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'] as const;
const NEAREST = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'] as const;

/** By sizes, or by scales: inputs x, region of interest, scales, sizes. */
const resized: Translator = (site) => {
  const x = site.value(0);
  const { attributes } = site;
  const mode = choice(attributes.string('mode', 'nearest'), ['nearest', 'linear'] as const);
  const all = attributes.ints('axes') ?? [...x.shape.keys()];
  const scales = site.inputs[2] === undefined ? [] : site.numbers(2);
  const sizes =
    scales.length > 0
      ? all.map((axis, at) => {
          const length = x.shape[axisIndex(axis, x.shape.length)]!;
          return typeof length === 'number' ? Math.floor(length * (scales[at] ?? 1)) : length;
        })
      : site.dims(3);
  if (attributes.int('antialias', 0) === 1 || attributes.string('keep_aspect_ratio_policy', 'stretch') !== 'stretch') {
    throw new ShapeError('with antialiasing or a kept aspect ratio is not supported');
  }
  const changed = all.flatMap((axis, at) => {
    const index = axisIndex(axis, x.shape.length);
    const size = sizes[at];
    const same = size === undefined || size === x.shape[index] || typeof x.shape[index] !== 'number';
    return same && (scales[at] ?? 1) === 1 ? [] : [{ index, size: known(size, 'the new size'), scale: scales[at] }];
  });
  const options: ResizeOptions = {
    axes: changed.map(({ index }) => index),
    sizes: changed.map(({ size }) => size),
    ...(scales.length > 0 && { scales: changed.map(({ scale }) => scale ?? 1) }),
    mode,
    coordinates: choice(attributes.string('coordinate_transformation_mode', 'half_pixel'), COORDINATES),
    nearest: choice(attributes.string('nearest_mode', 'round_prefer_floor'), NEAREST),
  };
  return [changed.length === 0 ? x : resize(x, options)];
};

function choice<T extends string>(value: string, supported: readonly T[]): T {
  const found = supported.find((name) => name === value);
  if (found === undefined)
    throw new ShapeError(`mode ${value} is not supported; supported are ${supported.join(', ')}`);
  return found;
}

export const POOLING: Readonly<Record<string, Translator>> = {
  AveragePool: mean,
  MaxPool: largest,
  Resize: resized,
};
