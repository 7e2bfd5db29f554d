/** What moves elements without changing them: on tensors of the network one node each, on what is known at once. */
import { concat, expand, pad, reshape, split, tile, transpose } from '../../../graph/build.ts';
import type { Value } from '../../../graph/ir.ts';
import { axisIndex, broadcast, elements, known, sameDim, ShapeError } from '../../../graph/shape.ts';
import type { Dim, Shape } from '../../../graph/shape.ts';
import { sizeOf } from '../../../graph/tensor.ts';
import { broadcastStrides } from '../folding.ts';
import { isImageIndices, isKnown, isRepeated, shapedAs } from '../operand.ts';
import type { Operand } from '../operand.ts';
import { reshapedTo, unsqueezed } from '../reshaping.ts';
import { unsqueezeImageIndices } from './image-indices.ts';
import type { Site, Translator } from './site.ts';

/** The first input in another shape with the same elements; `shapeOf` gets its shape. */
function reshaped(site: Site, shapeOf: (input: Shape) => Shape): Operand {
  const x = site.operand(0);
  if (isKnown(x) && !isRepeated(x)) {
    const stored = shapeOf(x.stored).map((dim) => known(dim, 'the shape of a constant'));
    if (elements(stored) !== x.elements.length) throw new ShapeError('asks for another number of elements');
    return shapedAs(x, stored, stored);
  }
  const value = site.value(0);
  return reshape(value, shapeOf(value.shape));
}

const squeeze: Translator = (site) => {
  const axes = site.numbersOrAttribute(1, 'axes');
  const rest = (shape: Shape): Shape => {
    const chosen =
      axes?.map((axis) => axisIndex(axis, shape.length)) ?? [...shape.keys()].filter((at) => shape[at] === 1);
    if (chosen.some((axis) => shape[axis] !== 1)) throw new ShapeError('leaves out an axis that is not 1');
    return shape.filter((_, axis) => !chosen.includes(axis));
  };
  return [reshaped(site, rest)];
};

const unsqueeze: Translator = (site) => {
  const axes = site.numbersOrAttribute(1, 'axes') ?? [];
  const x = site.operand(0);
  if (isImageIndices(x)) return [unsqueezeImageIndices(x, axes)];
  if (isKnown(x)) {
    const stored = unsqueezed(x.stored, axes) as readonly number[];
    return [shapedAs(x, unsqueezed(x.shape, axes), stored)];
  }
  return [reshape(x, unsqueezed(x.shape, axes))];
};

function flattened(shape: Shape, axis: number): Shape {
  const at = axis === shape.length ? axis : axisIndex(axis, shape.length);
  return [elements(shape.slice(0, at)), elements(shape.slice(at))];
}

const permuted: Translator = (site) => {
  const x = site.operand(0);
  const rank = isImageIndices(x) ? 0 : x.shape.length;
  const permutation = site.attributes.ints('perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  if (permutation.toSorted((a, b) => a - b).some((axis, index) => axis !== index) || permutation.length !== rank) {
    throw new ShapeError(`[${permutation.join(', ')}] is no permutation of ${rank} axes`);
  }
  return [isKnown(x) ? site.folding.transpose(x, permutation) : transpose(site.value(0), permutation)];
};

/** Stretched along the batch a constant stays as it is: the same elements for each image. */
const stretched: Translator = (site) => {
  const x = site.operand(0);
  const wanted = site.dims(1);
  if (!isKnown(x)) {
    const value = site.value(0);
    return [expand(value, broadcast(value.shape, wanted))];
  }
  const shape = broadcast(x.shape, wanted);
  const stored = shape.map((dim) => (typeof dim === 'number' ? dim : 1));
  if (sizeOf(stored) === x.elements.length) return [shapedAs(x, shape, stored)];
  return [{ ...site.folding.strided(x, stored, broadcastStrides(x.stored, stored)), shape }];
};

const joined: Translator = (site) => {
  const axis = site.attributes.int('axis');
  if (axis === undefined) throw new ShapeError('has no axis');
  const parts = site.allKnown();
  if (parts !== undefined && !parts.some(isRepeated)) return [site.folding.concat(parts, axis)];
  const values = site.inputs.map((_, index) => site.value(index));
  if (values.length === 0) throw new ShapeError('joins nothing');
  return [concat(site.fixedBatch ? forEachImage(values, axis) : values, axis)];
};

/** Exported for one image, a class token is not repeated. */
function forEachImage(values: readonly Value[], axis: number): Value[] {
  const batched = values.find(({ shape }) => shape.some((dim) => typeof dim !== 'number'))?.shape;
  if (batched === undefined) return [...values];
  const at = axisIndex(axis, batched.length);
  const batchAxis = batched.findIndex((dim) => typeof dim !== 'number');
  return values.map((value) => {
    const fits = value.shape.length === batched.length && batchAxis !== at && value.shape[batchAxis] === 1;
    return fits ? expand(value, value.shape.with(batchAxis, batched[batchAxis]!)) : value;
  });
}

const pieces: Translator = (site) => {
  const x = site.operand(0);
  const shape = isImageIndices(x) ? [] : x.shape;
  const axis = site.axis('axis', 0, shape.length);
  const length = known(shape[axis], 'a split axis');
  const count = site.node.outputs.length;
  const each = Math.ceil(length / count);
  const sizes =
    site.numbersOrAttribute(1, 'split') ??
    Array.from({ length: count }, (_, index) => Math.min(each, length - index * each));
  if (sizes.length !== count || sizes.some((size) => !(size > 0)) || sizes.reduce((a, b) => a + b, 0) !== length) {
    throw new ShapeError(`[${sizes.join(', ')}] are no ${count} parts of ${length}`);
  }
  if (!isKnown(x) || isRepeated(x)) return split(site.value(0), axis, sizes);
  let start = 0;
  return sizes.map((size) => site.folding.slice(x, axis, (start += size) - size, size, 1));
};

const padded: Translator = (site) => {
  const mode = site.attributes.string('mode', 'constant');
  const x = site.value(0);
  const rank = x.shape.length;
  const axes =
    site.inputs[3] === undefined ? [...x.shape.keys()] : site.numbers(3).map((axis) => axisIndex(axis, rank));
  const pads = site.numbers(1);
  if (pads.length !== 2 * axes.length) throw new ShapeError(`${pads.length} pads do not fit ${axes.length} axes`);
  const amounts = (offset: number): number[] => {
    const all = x.shape.map(() => 0);
    for (const [index, axis] of axes.entries()) all[axis] = pads[offset + index]!;
    return all;
  };
  const [before, after] = [amounts(0), amounts(axes.length)];
  if (mode !== 'constant' && pads.some((amount) => amount !== 0)) throw new ShapeError(`mode ${mode} is not supported`);
  return [pad(x, before, after, site.number(2) ?? 0)];
};

const repeated: Translator = (site) => {
  const x = site.value(0);
  const repeats = site.dims(1);
  if (repeats.length !== x.shape.length) throw new ShapeError('has not one count an axis');
  // Repeating a length of 1 is stretching it; that may be by the batch.
  const shape: Dim[] = x.shape.map((dim, axis) => (dim === 1 ? repeats[axis]! : dim));
  const rest = repeats.map((count, axis) => (x.shape[axis] === 1 ? 1 : known(count, 'a repetition')));
  const whole = expand(x, shape);
  return [rest.every((count) => sameDim(count, 1)) ? whole : tile(whole, rest)];
};

const asked = (site: Site) => (input: Shape) =>
  reshapedTo(input, site.dims(1), {
    allowZero: site.attributes.int('allowzero', 0) === 1,
    fixedBatch: site.fixedBatch,
  });

export const MOVEMENT: Readonly<Record<string, Translator>> = {
  Concat: joined,
  Expand: stretched,
  Flatten: (site) => [reshaped(site, (shape) => flattened(shape, site.attributes.int('axis', 1)))],
  Pad: padded,
  Reshape: (site) => [reshaped(site, asked(site))],
  Split: pieces,
  Squeeze: squeeze,
  Tile: repeated,
  Transpose: permuted,
  Unsqueeze: unsqueeze,
};
