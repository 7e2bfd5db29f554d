/** The geometry of convolutions and poolings: attributes with their defaults, checked. */
import type { Value } from '../../../graph/ir.ts';
import { known, ShapeError } from '../../../graph/shape.ts';
import { MAX_SIDE } from '../limits.ts';
import type { Site } from './site.ts';

interface Window {
  readonly strides: [number, number];
  /** Top, left, bottom, right. */
  readonly pads: [number, number, number, number];
  readonly dilations: [number, number];
}

export function windowOf(site: Site, x: Value, kernel: readonly number[]): Window {
  const [rows, columns] = kernel as [number, number];
  const strides = pair(site, 'strides');
  const dilations = pair(site, 'dilations');
  const given = site.attributes.ints('pads') ?? [0, 0, 0, 0];
  if (kernel.length !== 2 || !kernel.every((length) => isLength(length, 1))) throw new ShapeError('has no kernel');
  if (given.length !== 4 || !given.every((amount) => isLength(amount, 0))) {
    throw new ShapeError(`has pads [${given.join(', ')}]`);
  }
  const automatic = site.attributes.string('auto_pad', 'NOTSET');
  if (automatic === 'NOTSET' || automatic === '') {
    return { strides, dilations, pads: given as Window['pads'] };
  }
  if (automatic === 'VALID') return { strides, dilations, pads: [0, 0, 0, 0] };
  if (automatic !== 'SAME_UPPER' && automatic !== 'SAME_LOWER') throw new ShapeError(`has auto_pad ${automatic}`);
  const amount = (axis: 0 | 1, size: number): [number, number] => {
    const length = known(x.shape[axis + 2], 'the image size');
    const reach = dilations[axis] * (size - 1) + 1;
    const total = Math.max(0, (Math.ceil(length / strides[axis]) - 1) * strides[axis] + reach - length);
    const less = Math.floor(total / 2);
    return automatic === 'SAME_UPPER' ? [less, total - less] : [total - less, less];
  };
  const [[top, bottom], [left, right]] = [amount(0, rows), amount(1, columns)];
  return { strides, dilations, pads: [top, left, bottom, right] };
}

export function groupsOf(site: Site, out: number): number {
  const groups = site.attributes.int('group', 1);
  if (isLength(groups, 1, out) && out % groups === 0) return groups;
  throw new ShapeError(`has ${out} channels in ${groups} groups`);
}

function pair(site: Site, name: string): [number, number] {
  const values = site.attributes.ints(name) ?? [1, 1];
  if (values.length === 2 && values.every((value) => isLength(value, 1))) return values as [number, number];
  throw new ShapeError(`has ${name} [${values.join(', ')}]`);
}

function isLength(value: number, least: number, most = MAX_SIDE): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
