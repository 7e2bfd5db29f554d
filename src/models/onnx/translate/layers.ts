/** The layers that hold most weights, and that adapters go into: Linear in any of its forms, and convolution. */
import { add, conv, gemm, linear, matmul, mul, transpose } from '../../../graph/build.ts';
import type { Value } from '../../../graph/ir.ts';
import { formatShape, sameShape, ShapeError } from '../../../graph/shape.ts';
import { isKnown, isRepeated, shapedAs } from '../operand.ts';
import type { Known, Operand } from '../operand.ts';
import { groupsOf, windowOf } from './window.ts';
import type { Site, Translator } from './site.ts';

/** x·W with a known matrix W (in, out) is a Linear without bias; the Add after it brings that. */
const product: Translator = (site) => {
  const [a, b] = [site.operand(0), site.operand(1)];
  if (isKnown(b) && isMatrix(b) && !isKnown(a)) {
    const module = site.parameters.modulePath(site.node, b);
    const weight = site.parameters.named(site.parameters.turned(b), `${module}.weight`);
    return [linear(atLeastRow(site.value(0)), weight, undefined, module)];
  }
  return [matmul(site.value(0), site.value(1))];
};

function atLeastRow(x: Value): Value {
  if (x.shape.length < 2) throw new ShapeError(`multiplies a vector ${formatShape(x.shape)} by a matrix`);
  return x;
}

/** Linear + known vector → Linear with bias; undefined where the Add is another one. */
export function withBias(site: Site): readonly Operand[] | undefined {
  for (const [x, bias] of [site.inputs, site.inputs.toReversed()]) {
    if (x === undefined || 'kind' in x || !isKnown(bias) || x.source.kind !== 'node') continue;
    const { op, inputs, module } = x.source.node;
    if (op !== 'Linear' || module === undefined || inputs[2] !== undefined) continue;
    const [from, weight] = inputs as [Value, Value];
    const row = vector(bias, weight.shape[0] as number);
    if (row !== undefined) return [linear(from, weight, site.parameters.named(row, `${module}.bias`), module)];
  }
  return undefined;
}

/** alpha · A·B + beta · C; with a known matrix B, and factors of 1 as PyTorch writes it, a Linear. */
const general: Translator = (site) => {
  const { attributes } = site;
  const [alpha, beta] = [attributes.float('alpha', 1), attributes.float('beta', 1)];
  const [transA, transB] = [attributes.int('transA', 0) === 1, attributes.int('transB', 0) === 1];
  const [b, c] = [site.operand(1), site.inputs[2]];
  const a = site.ranked(0, 2);
  if (isKnown(b) && isMatrix(b) && !isKnown(site.operand(0)) && alpha === 1 && (beta === 1 || c === undefined)) {
    const module = site.parameters.modulePath(site.node, b);
    const weight = site.parameters.named(transB ? b : site.parameters.turned(b), `${module}.weight`);
    const x = transA ? transpose(a, [1, 0]) : a;
    const row = isKnown(c) ? vector(c, weight.shape[0] as number) : undefined;
    if (c === undefined || row !== undefined) {
      return [linear(x, weight, row && site.parameters.named(row, `${module}.bias`), module)];
    }
    return [add(linear(x, weight, undefined, module), site.valueOf(c))];
  }
  const offset = site.optionalValue(2);
  const scaled = offset === undefined || beta === 1 ? offset : mul(offset, beta);
  return [gemm(a, site.ranked(1, 2), scaled, { transA, transB, alpha })];
};

const convolution: Translator = (site) => {
  const x = site.ranked(0, 4);
  const kernel = site.operand(1);
  if (!isKnown(kernel)) throw new ShapeError('has a weight that depends on the image');
  const [out, perGroup, ...size] = kernel.stored;
  if (out === undefined || perGroup === undefined || size.length !== 2 || isRepeated(kernel)) {
    throw new ShapeError('is supported in two dimensions only');
  }
  const groups = groupsOf(site, out);
  const module = site.parameters.modulePath(site.node, kernel);
  const weight = site.parameters.named(kernel, `${module}.weight`);
  const options = { ...windowOf(site, x, size), groups };
  return [conv(x, weight, biasOf(site, module, out), options, module)];
};

/** All zeros under no name is what one exporter writes for "none". */
function biasOf(site: Site, module: string, out: number): Value | undefined {
  const bias = site.inputs[2];
  if (bias === undefined) return undefined;
  const row = isKnown(bias) ? vector(bias, out) : undefined;
  if (row === undefined) throw new ShapeError(`has a bias that is not one known number for each of ${out} channels`);
  if (row.origin === undefined && Array.from(row.elements).every((element) => element === 0)) return undefined;
  return site.parameters.named(row, `${module}.bias`);
}

function isMatrix(known: Known): boolean {
  return known.stored.length === 2 && known.dtype === 'float32' && !isRepeated(known);
}

/** As a vector [length]; undefined for what is stretched along more than the last axis. */
function vector(known: Known, length: number): Known | undefined {
  const { stored, dtype } = known;
  const fits = stored.at(-1) === length && stored.slice(0, -1).every((dim) => dim === 1);
  if (!fits || dtype !== 'float32' || isRepeated(known)) return undefined;
  return sameShape(stored, [length]) ? known : shapedAs(known, [length], [length]);
}

export const LAYERS: Readonly<Record<string, Translator>> = {
  Conv: convolution,
  Gemm: general,
  MatMul: product,
};
