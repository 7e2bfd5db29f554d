/** What takes elements by index. */
import { gather, gatherElements, reshape, slice } from '../../../graph/build.ts';
import type { Value } from '../../../graph/ir.ts';
import { axisIndex, sameDim, ShapeError } from '../../../graph/shape.ts';
import type { Dim } from '../../../graph/shape.ts';
import { indexWithin } from '../folding.ts';
import { isImageIndices, isKnown, isRepeated, numbersOf, tensorOf } from '../operand.ts';
import type { Known, Operand } from '../operand.ts';
import { gatherWithinImages } from './image-indices.ts';
import type { Site, Translator } from './site.ts';

/** Python's start:end:step over one axis, as `count` elements from `start`. */
interface Run {
  readonly axis: number;
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** One run an axis; an axis of unknown length can only be taken whole. */
function runs(site: Site, shape: readonly Dim[]): Run[] {
  const [starts, ends] = [site.dims(1), site.dims(2)];
  const axes = site.inputs[3] === undefined ? [...starts.keys()] : site.numbers(3);
  const steps = site.inputs[4] === undefined ? starts.map(() => 1) : site.numbers(4);
  return starts.flatMap((start, index) => {
    const axis = axisIndex(axes[index] ?? -1, shape.length);
    const [end, step] = [ends[index] ?? 0, steps[index] ?? 1];
    const length = shape[axis]!;
    if (typeof length === 'number' && typeof start === 'number' && typeof end === 'number') {
      return [run(axis, length, start, end, step)];
    }
    const whole =
      start === 0 && step === 1 && (sameDim(end, length) || (typeof end === 'number' && end >= 2 ** 31 - 1));
    if (!whole) throw new ShapeError('takes some images of a batch and leaves others');
    return [];
  });
}

function run(axis: number, length: number, from: number, to: number, step: number): Run {
  if (!Number.isInteger(step) || step === 0) throw new ShapeError(`has step ${step}`);
  const [low, high] = step > 0 ? [0, length] : [-1, length - 1];
  const within = (index: number): number => Math.min(Math.max(index < 0 ? index + length : index, low), high);
  const [start, end] = [within(from), within(to)];
  return { axis, start, step, count: Math.max(0, Math.ceil((end - start) / step)) };
}

function sliced(x: Value, { axis, start, step, count }: Run): Value {
  if (count === 0) throw new ShapeError('takes nothing');
  if (step === 1 && count === x.shape[axis]) return x;
  const last = start + (count - 1) * step;
  return slice(x, axis, Math.min(start, last), Math.max(start, last) + 1, step);
}

const cut: Translator = (site) => {
  const x = site.operand(0);
  if (isKnown(x) && !isRepeated(x)) {
    return [
      runs(site, x.stored).reduce(
        (known, { axis, start, count, step }) => site.folding.slice(known, axis, start, count, step),
        x,
      ),
    ];
  }
  const value = site.value(0);
  return [runs(site, value.shape).reduce(sliced, value)];
};

const look: Translator = (site) => {
  const [x, indices] = [site.operand(0), site.operand(1)];
  if (isImageIndices(indices)) return [gatherWithinImages(site.value(0), indices)];
  if (!isKnown(indices)) return [embedding(site, x, indices)];
  const shape = isImageIndices(x) ? [] : x.shape;
  const axis = site.axis('axis', 0, shape.length);
  const length = shape[axis];
  if (typeof length !== 'number' && site.fixedBatch && shape.length === 1 && indices.stored[0] === 1) {
    return [gatherWithinImages(site.value(0), { kind: 'image indices', step: length?.factor ?? 0, first: indices })];
  }
  if (typeof length !== 'number') throw new ShapeError('takes some images of a batch and leaves others');
  const numbers = numbersOf(indices).map((index) => indexWithin(index, length));
  if (isKnown(x) && !isRepeated(x)) return [site.folding.gather(x, numbers, axis, indices.stored)];
  return [taken(site, site.value(0), axis, numbers, indices)];
};

/** A run of neighbours is a slice, whose gradient is a padding. */
function taken(site: Site, x: Value, axis: number, numbers: readonly number[], indices: Known): Value {
  const first = numbers[0];
  if (first !== undefined && numbers.every((number, at) => number === first + at)) {
    const piece = sliced(x, { axis, start: first, step: 1, count: numbers.length });
    return reshape(piece, [...x.shape.slice(0, axis), ...indices.stored, ...x.shape.slice(axis + 1)]);
  }
  return gather(x, site.graph.constant(tensorOf({ ...indices, elements: numbers })), axis);
}

/** Rows of a table by numbers that the network computes. */
function embedding(site: Site, table: Operand, indices: Value): Value {
  const axis = site.attributes.int('axis', 0);
  if (!isKnown(table) || table.stored.length !== 2 || axis !== 0) return gather(site.value(0), indices, axis);
  const module = site.parameters.modulePath(site.node, table);
  return gather(site.parameters.named(table, `${module}.weight`), indices, 0, module);
}

const scattered: Translator = (site) => {
  if (site.attributes.string('reduction', 'none') !== 'none') throw new ShapeError('a reduction is not supported');
  const [data, indices, updates] = [site.known(0), site.known(1), site.known(2)];
  if ([data, indices, updates].some(isRepeated)) throw new ShapeError('is supported on constants only');
  return [site.folding.scatter(data, indices, updates)];
};

export const INDEXING: Readonly<Record<string, Translator>> = {
  Gather: look,
  GatherElements: (site) => [gatherElements(site.value(0), site.value(1), site.attributes.int('axis', 0))],
  ScatterND: scattered,
  Slice: cut,
};
