/** Below opset 17 there is no LayerNormalization: (x − mean) / √(mean of squares + ε), then scale and offset. */
import { layerNormalization } from '../../../graph/build.ts';
import { constantOf } from '../../../graph/ir.ts';
import type { Node, Value } from '../../../graph/ir.ts';
import { any, match, named, op, scalarOf } from './patterns.ts';

const overFeatures = ({ inputs: [x], attributes: { axes, keepDims } }: Node): boolean =>
  keepDims === true &&
  Array.isArray(axes) &&
  axes.length === 1 &&
  [-1, x!.shape.length - 1].includes(axes[0] as number);

const centred = named('centred', op('Sub', [any('x'), op('ReduceMean', [any('x')], overFeatures)]));
const square = op('Mul', [any('centred'), any('centred')]);
const deviation = op('Sqrt', [op('Add', [op('ReduceMean', [square], overFeatures), any('epsilon')])]);
const normalised = op('Div', [centred, deviation]);

export function wholeLayerNormalization(value: Value): Value | undefined {
  const found = match(value, normalised);
  const epsilon = found && scalarOf(found.get('epsilon')!);
  return epsilon === undefined ? undefined : layerNormalization(found!.get('x')!, undefined, undefined, epsilon);
}

const scaled = op('Mul', [named('normal', op('LayerNormalization', [any('x')])), any('parameter')]);
const shifted = op('Add', [named('normal', op('LayerNormalization', [any('x')])), any('parameter')]);

/** Scale and offset taken up by the LayerNormalization before them. */
export function affineLayerNormalization(value: Value): Value | undefined {
  const isScale = match(value, scaled) !== undefined;
  const found = match(value, isScale ? scaled : shifted);
  const normal = found?.get('normal')?.source;
  const parameter = found?.get('parameter');
  if (normal?.kind !== 'node' || parameter === undefined) return undefined;
  const [x, scale, bias] = normal.node.inputs as [Value, Value | undefined, Value | undefined];
  const features = x.shape.at(-1);
  const fits = constantOf(parameter) !== undefined && parameter.shape.length === 1 && parameter.shape[0] === features;
  if (!fits || bias !== undefined || (scale === undefined) !== isScale) return undefined;
  const epsilon = normal.node.attributes['epsilon'] as number;
  return isScale
    ? layerNormalization(x, parameter, undefined, epsilon)
    : layerNormalization(x, scale, parameter, epsilon);
}
