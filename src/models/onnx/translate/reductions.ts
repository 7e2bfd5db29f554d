/** Reductions over axes, and pooling over the whole image, which is one. */
import { globalAveragePool, globalMaxPool, reduceMax, reduceMean, reduceSum, mul, sqrt } from '../../../graph/build.ts';
import type { Reduction } from '../../../graph/build.ts';
import type { Value } from '../../../graph/ir.ts';
import { axisIndex, ShapeError } from '../../../graph/shape.ts';
import type { Dim } from '../../../graph/shape.ts';
import { addDims, largerDim, multiplyDims, smallerDim } from '../dim-arithmetic.ts';
import { isImageIndices, isKnown, isRepeated } from '../operand.ts';
import type { Translator } from './site.ts';

interface Reducer {
  readonly build?: (x: Value, reduction: Reduction) => Value;
  readonly fold?: (a: Dim, b: Dim) => Dim;
}

/** The axes became an input with opset 18, for ReduceSum with 13. */
function reduction({ build, fold }: Reducer): Translator {
  return (site) => {
    const x = site.operand(0);
    const rank = isImageIndices(x) ? 0 : x.shape.length;
    const given = site.numbersOrAttribute(1, 'axes') ?? [];
    if (given.length === 0 && site.attributes.int('noop_with_empty_axes', 0) === 1) return [x];
    const all = Array.from({ length: rank }, (_, axis) => axis);
    const axes = given.length === 0 ? all : given.map((axis) => axisIndex(axis, rank));
    const keepDims = site.attributes.int('keepdims', 1) === 1;
    if (fold !== undefined && isKnown(x) && !isRepeated(x)) return [site.folding.reduce(x, axes, keepDims, fold)];
    if (build === undefined) throw new ShapeError('is supported on numbers that are known before the network runs');
    const value = site.value(0);
    if (axes.some((axis) => typeof value.shape[axis] !== 'number')) throw new ShapeError('mixes the images of a batch');
    return [build(value, { axes, keepDims })];
  };
}

const squares = (x: Value, reduction: Reduction): Value => reduceSum(mul(x, x), reduction);
const least = (x: Value, { axes, keepDims = false }: Reduction): Value =>
  axes.length === 0 ? x : x.graph.apply('ReduceMin', [x], { axes, keepDims })[0]!;

export const REDUCTIONS: Readonly<Record<string, Translator>> = {
  GlobalAveragePool: (site) => [globalAveragePool(site.ranked(0, 4))],
  GlobalMaxPool: (site) => [globalMaxPool(site.ranked(0, 4))],
  ReduceL2: reduction({ build: (x, axes) => sqrt(squares(x, axes)) }),
  ReduceMax: reduction({ build: reduceMax, fold: largerDim }),
  ReduceMean: reduction({ build: reduceMean }),
  ReduceMin: reduction({ build: least, fold: smallerDim }),
  ReduceProd: reduction({ fold: multiplyDims }),
  ReduceSum: reduction({ build: reduceSum, fold: addDims }),
  ReduceSumSquare: reduction({ build: squares }),
};
