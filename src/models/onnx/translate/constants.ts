/** Constants, shapes, and what changes a type or a name only. */
import { cast } from '../../../graph/build.ts';
import { elements, known, ShapeError } from '../../../graph/shape.ts';
import type { Dim } from '../../../graph/shape.ts';
import type { DType } from '../../../graph/tensor.ts';
import { compareDims, divideDims, subtractDims } from '../dim-arithmetic.ts';
import { isKnown, isImageIndices, knownDims, madeOf } from '../operand.ts';
import type { Known, Operand } from '../operand.ts';
import { imageRange } from './image-indices.ts';
import type { Site, Translator } from './site.ts';

/** `TensorProto.DataType`; all floats become float32. */
const TYPES: Readonly<Record<number, DType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float32',
  11: 'float32',
  12: 'uint32',
  16: 'float32',
};

function constant(site: Site): Known {
  const { attributes } = site;
  const whole = attributes.tensor('value') === undefined ? undefined : site.attributeTensor('value');
  if (whole !== undefined) return whole;
  const [float, floats] = [attributes.float('value_float'), attributes.floats('value_floats')];
  if (float !== undefined) return madeOf('float32', [], Float32Array.of(float));
  if (floats !== undefined) return madeOf('float32', [floats.length], Float32Array.from(floats));
  const [int, ints] = [attributes.int('value_int'), attributes.ints('value_ints')];
  if (int !== undefined) return madeOf('int64', [], [int]);
  if (ints !== undefined) return madeOf('int64', [ints.length], ints);
  throw new ShapeError('holds no tensor of numbers');
}

/** The same elements for each image where the batch is among the lengths. */
function filled(site: Site): Known {
  const shape = site.dims(0);
  const value = site.attributeTensor('value');
  const stored = shape.map((dim) => (typeof dim === 'number' ? dim : 1));
  return { ...site.folding.filled(value?.dtype ?? 'float32', stored, value?.elements[0] ?? 0), shape };
}

function shapeOf(operand: Operand): readonly Dim[] {
  if (isImageIndices(operand)) throw new ShapeError('is asked of numbers that differ from image to image');
  return operand.shape;
}

function range(site: Site): Operand {
  const [start, limit, step] = [0, 1, 2].map((index) => site.dims(index)[0] ?? 0) as [Dim, Dim, Dim];
  const images = imageRange(site, start, limit, step);
  if (images !== undefined) return images;
  const count = Math.ceil(known(divideDims(subtractDims(limit, start), step), 'the length'));
  return site.folding.range(
    site.known(0).dtype,
    known(start, 'the start'),
    known(step, 'the step'),
    Math.max(0, count),
  );
}

function converted(site: Site, to: DType | undefined): Operand {
  if (to === undefined) throw new ShapeError('asks for a type that is not supported');
  const operand = site.operand(0);
  if (!isKnown(operand)) return cast(site.value(0), to);
  if (operand.dtype === to) return operand;
  const element = (x: Dim): Dim => {
    if (to === 'bool') return compareDims(x, 0) === 0 ? 0 : 1;
    return typeof x === 'number' && to !== 'float32' ? Math.trunc(x) : x;
  };
  return { ...site.folding.map(to, [operand], element), origin: operand.origin };
}

/** A parameter that the exporter stored once for several equal ones: this one goes by its own name. */
function identity(site: Site): Operand {
  const operand = site.operand(0);
  const name = site.node.outputs[0];
  return isKnown(operand) && operand.name !== undefined && name !== undefined
    ? { ...operand, name, origin: name }
    : operand;
}

export const CONSTANTS: Readonly<Record<string, Translator>> = {
  Cast: (site) => [converted(site, TYPES[site.attributes.int('to', 0)])],
  CastLike: (site) => [converted(site, site.valueOf(site.operand(1)).dtype)],
  Constant: (site) => [constant(site)],
  ConstantOfShape: (site) => [filled(site)],
  Dropout: (site) => [site.operand(0)],
  Identity: (site) => [identity(site)],
  Range: (site) => [range(site)],
  Shape: (site) => {
    const shape = shapeOf(site.operand(0));
    return [knownDims(shape.slice(site.attributes.int('start', 0), site.attributes.int('end', shape.length)))];
  },
  Size: (site) => [madeOf('int64', [], [elements(shapeOf(site.operand(0)))])],
};
