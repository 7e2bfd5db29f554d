/** Normalisation layers; the running statistics of BatchNormalization are frozen. */
import { batchNormalization, groupNormalization, layerNormalization } from '../../../graph/build.ts';
import type { Value } from '../../../graph/ir.ts';
import { axisIndex, known, sameShape, ShapeError } from '../../../graph/shape.ts';
import { isKnown } from '../operand.ts';
import type { Translator } from './site.ts';

const overBatch: Translator = (site) => {
  const x = site.value(0);
  if (site.attributes.int('training_mode', 0) === 1) {
    throw new ShapeError('is in training mode; export the model again after model.eval()');
  }
  const channels = known(x.shape[1], 'the number of channels');
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map((index) => ofLength(site.value(index), channels));
  const parameters = { scale: scale!, bias: bias!, mean: mean!, variance: variance! };
  return [batchNormalization(x, parameters, site.attributes.float('epsilon', 1e-5))];
};

const overFeatures: Translator = (site) => {
  const x = site.value(0);
  const axis = axisIndex(site.attributes.int('axis', -1), x.shape.length);
  if (axis !== x.shape.length - 1) throw new ShapeError('is supported over the last axis only');
  const features = known(x.shape[axis], 'the number of features');
  const bias = site.optionalValue(2);
  const scale = ofLength(site.value(1), features);
  return [layerNormalization(x, scale, bias && ofLength(bias, features), site.attributes.float('epsilon', 1e-5))];
};

const overInstance: Translator = (site) => {
  const x = site.value(0);
  const channels = known(x.shape[1], 'the number of channels');
  const [scale, bias] = [ofLength(site.value(1), channels), ofLength(site.value(2), channels)];
  return [groupNormalization(x, scale, bias, channels, site.attributes.float('epsilon', 1e-5))];
};

/** Up to opset 20 scale and bias were one number a group; PyTorch writes 1 and 0 there. */
const overGroups: Translator = (site) => {
  const x = site.value(0);
  const channels = known(x.shape[1], 'the number of channels');
  const groups = site.attributes.int('num_groups', 1);
  if (groups < 1 || channels % groups !== 0) throw new ShapeError(`has ${channels} channels in ${groups} groups`);
  const [scale, bias] = [1, 2].map((index) => {
    const given = site.operand(index);
    const perGroup = isKnown(given) && given.stored.length === 1 && given.stored[0] === groups && groups !== channels;
    if (!perGroup) return ofLength(site.value(index), channels);
    const repeated = Array.from({ length: channels }, (_, at) => Math.floor((at * groups) / channels));
    return site.valueOf(site.folding.gather(given, repeated, 0, [channels]));
  });
  return [groupNormalization(x, scale!, bias!, groups, site.attributes.float('epsilon', 1e-5))];
};

function ofLength(value: Value, length: number): Value {
  if (sameShape(value.shape, [length]) && value.dtype === 'float32') return value;
  throw new ShapeError(`has a parameter that is not one number for each of ${length} channels`);
}

export const NORMALIZATIONS: Readonly<Record<string, Translator>> = {
  BatchNormalization: overBatch,
  GroupNormalization: overGroups,
  InstanceNormalization: overInstance,
  LayerNormalization: overFeatures,
};
