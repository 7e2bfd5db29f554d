/** Element-wise arithmetic: on tensors of the network one node each, on what is known already computed at once. */
import { add, clip, div, maximum, minimum, mul, pow, sqrt, sub } from '../../../graph/build.ts';
import type { Value } from '../../../graph/ir.ts';
import { broadcast, sameShape, ShapeError } from '../../../graph/shape.ts';
import type { Dim } from '../../../graph/shape.ts';
import type { DType } from '../../../graph/tensor.ts';
import {
  addDims,
  divideDims,
  divideIntegers,
  largerDim,
  moduloDims,
  multiplyDims,
  ofNumbers,
  smallerDim,
  subtractDims,
} from '../dim-arithmetic.ts';
import { isKnown, uniform } from '../operand.ts';
import type { Known, Operand } from '../operand.ts';
import { plusImageIndices, timesImageIndices } from './image-indices.ts';
import { withBias } from './layers.ts';
import type { Site, Translator } from './site.ts';

interface Binary {
  readonly fold: (dtype: DType) => (a: Dim, b: Dim) => Dim;
  readonly build?: (a: Value, b: Value) => Value;
  /** The second operand that changes nothing, and the first where the order does not matter. */
  readonly neutral?: number;
  readonly commutes?: boolean;
}

function binary({ fold, build, neutral, commutes = false }: Binary): Translator {
  return (site) => {
    const known = site.allKnown();
    if (known?.length === 2) return [site.folding.map(known[0]!.dtype, known, fold(known[0]!.dtype))];
    if (build === undefined) throw new ShapeError('is supported on numbers that are known before the network runs');
    const [a, b] = [site.operand(0), site.operand(1)];
    if (neutral !== undefined) {
      if (isNeutral(b, neutral) && keepsShape(a, b)) return [a];
      if (commutes && isNeutral(a, neutral) && keepsShape(b, a)) return [b];
    }
    return [build(...sameType(site))];
  };
}

/** A nameless constant: a parameter that happens to be all zeros is still one. */
function isNeutral(operand: Operand, neutral: number): boolean {
  return isKnown(operand) && operand.name === undefined && uniform(operand) === neutral;
}

function keepsShape(operand: Operand, other: Operand): boolean {
  if ('kind' in operand || !isKnown(other)) return false;
  return sameShape(broadcast(operand.shape, other.shape), operand.shape);
}

/** Both operands as tensors. Known elements that are the same for each image need not be repeated when the other is there. */
export function sameType(site: Site): [Value, Value] {
  const [a, b] = [site.operand(0), site.operand(1)];
  const values: [Value, Value] = [besides(site, a, b), besides(site, b, a)];
  if (values[0].dtype !== values[1].dtype) {
    throw new ShapeError(`mixes ${values[0].dtype} with ${values[1].dtype}`);
  }
  return values;
}

function besides(site: Site, operand: Operand, other: Operand): Value {
  if (!isKnown(operand) || 'kind' in other) return site.valueOf(operand);
  const stored: Known = { ...operand, shape: operand.stored };
  const shorter = sameShape(broadcast(stored.shape, other.shape), broadcast(operand.shape, other.shape));
  return site.valueOf(shorter && !sameShape(stored.shape, operand.shape) ? stored : operand);
}

const power: Translator = (site) => {
  const [a, b] = [site.operand(0), site.operand(1)];
  if (!isKnown(a) && isKnown(b)) {
    const exponent = uniform(b);
    const x = site.value(0);
    if (keepsShape(x, b)) {
      if (exponent === 1) return [x];
      if (exponent === 2) return [mul(x, x)];
      if (exponent === 0.5) return [sqrt(x)];
    }
  }
  return binary({
    fold: () => (x, y) => ofNumbers('a power', (base) => base ** (typeof y === 'number' ? y : NaN))(x),
    build: pow,
  })(site);
};

/** Any number of operands, from the left. */
function variadic(fold: (a: Dim, b: Dim) => Dim, build: (a: Value, b: Value) => Value): Translator {
  return (site) => {
    const known = site.allKnown();
    if (known !== undefined) return [site.folding.map(known[0]!.dtype, known, (...elements) => elements.reduce(fold))];
    const [first, ...rest] = [site.value(0), ...site.inputs.slice(1).map((_, index) => site.value(index + 1))];
    return [rest.reduce(build, first)];
  };
}

const bound: Translator = (site) => {
  const known = site.allKnown();
  const [min, max] = [site.number(1), site.number(2)];
  if (known !== undefined) {
    const held = (x: Dim): Dim => {
      const above = min === undefined ? x : largerDim(x, min);
      return max === undefined ? above : smallerDim(above, max);
    };
    return [site.folding.map(known[0]!.dtype, known.slice(0, 1), held)];
  }
  const limits = { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
  return [min === undefined && max === undefined ? site.value(0) : clip(site.value(0), limits)];
};

const sum = binary({ fold: () => addDims, build: add, neutral: 0, commutes: true });
const product = binary({ fold: () => multiplyDims, build: mul, neutral: 1, commutes: true });

export const ARITHMETIC: Readonly<Record<string, Translator>> = {
  Add: (site) => plusImageIndices(site) ?? withBias(site) ?? sum(site),
  Sub: binary({ fold: () => subtractDims, build: sub, neutral: 0 }),
  Mul: (site) => timesImageIndices(site) ?? product(site),
  Div: binary({
    fold: (dtype) => (dtype === 'float32' ? divideDims : divideIntegers),
    build: div,
    neutral: 1,
  }),
  Mod: binary({ fold: () => moduloDims }),
  Pow: power,
  Min: variadic(smallerDim, minimum),
  Max: variadic(largerDim, maximum),
  Clip: bound,
};
