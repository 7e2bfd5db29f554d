/** The classification head: what writes one number a class, just before the output. */
import { reduceMean } from '../../graph/build.ts';
import type { Node, Value } from '../../graph/ir.ts';
import { formatShape, sameShape, symbol } from '../../graph/shape.ts';
import { InputError } from '../../shared/errors.ts';
import type { Place } from '../../shared/errors.ts';
import { BATCH } from '../base.ts';

export interface Head {
  /** [B, classes], before any softmax, and for any number of classes that new heads may bring. */
  readonly logits: Value;
  /** Module paths; distilled models average two. */
  readonly heads: readonly string[];
}

/** Keep what is there for each class apart, whatever their number. */
const PROBABILITIES = ['Softmax', 'LogSoftmax'];
const ELEMENTWISE = ['Add', 'Sub', 'Mul', 'Div', 'Neg'];
const AFTER_CONVOLUTION = ['Relu', 'Reshape', 'ReduceMean'];

export function findHead(output: Value, place: Place): Head {
  const scores = withoutProbabilities(output);
  const classes = scores.shape[1];
  if (scores.shape.length !== 2 || typeof classes !== 'number' || !sameShape(scores.shape, [symbol(BATCH), classes])) {
    throw new InputError(`its output is ${formatShape(output.shape)}; a classifier's is [batch, classes]`, place);
  }
  const pooled = pooledConvolution(scores);
  if (pooled !== undefined) return pooled;
  const heads = linearHeads(scores);
  if (heads.length > 0) return { logits: scores, heads };
  const { source } = scores;
  const what = source.kind === 'node' ? `the output of ${source.node.op}` : 'a constant';
  throw new InputError(`no linear layer or 1×1 convolution writes the logits, but ${what}`, place);
}

function withoutProbabilities(output: Value): Value {
  let value = output;
  while (value.source.kind === 'node' && PROBABILITIES.includes(value.source.node.op))
    value = value.source.node.inputs[0]!;
  return value;
}

/** The Linear, or those that element-wise arithmetic joins. */
function linearHeads(scores: Value): string[] {
  const heads = new Set<string>();
  const joined = new Set([scores]);
  // A set that grows while it is walked: what is added is visited too.
  for (const { source } of joined) {
    if (source.kind !== 'node') continue;
    const { op, module, inputs } = source.node;
    if (op === 'Linear' && module !== undefined) heads.add(module);
    else if (ELEMENTWISE.includes(op)) for (const input of inputs) if (input !== undefined) joined.add(input);
  }
  return [...heads];
}

/**
 * A 1×1 convolution [B, classes, h, w], then its mean over the image; what flattens one pixel is that too. Written as a mean it holds for
 * another number of classes, which a Reshape does not.
 */
function pooledConvolution(scores: Value): Head | undefined {
  const tail: Node[] = [];
  let value = scores;
  while (value.source.kind === 'node' && AFTER_CONVOLUTION.includes(value.source.node.op)) {
    tail.unshift(value.source.node);
    value = value.source.node.inputs[0]!;
  }
  const node = value.source.kind === 'node' ? value.source.node : undefined;
  const kernel = node?.inputs[1]?.shape.slice(2);
  if (node?.op !== 'Conv' || node.module === undefined || kernel?.some((length) => length !== 1)) return undefined;
  const onePixel = value.shape.slice(2).every((length) => length === 1);
  const isMean = tail.some(({ op, attributes }) => op === 'ReduceMean' && isOverImage(attributes['axes']));
  if (value.shape[1] !== scores.shape[1] || (!onePixel && !isMean)) return undefined;
  const activated = tail.some(({ op }) => op === 'Relu') ? value.graph.apply('Relu', [value])[0]! : value;
  return { logits: reduceMean(activated, { axes: [2, 3] }), heads: [node.module] };
}

function isOverImage(axes: unknown): boolean {
  return (
    Array.isArray(axes) &&
    axes
      .map((axis: number) => (axis < 0 ? axis + 4 : axis))
      .toSorted((a, b) => a - b)
      .join() === '2,3'
  );
}
