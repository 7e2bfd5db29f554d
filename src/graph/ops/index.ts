/** Every op, one line each. */
import { abs } from './abs.ts';
import { add } from './add.ts';
import { after } from './after.ts';
import { and } from './and.ts';
import { atan } from './atan.ts';
import { attention } from './attention.ts';
import { averagePool } from './average-pool.ts';
import { batchNormalization } from './batch-normalization.ts';
import { cast } from './cast.ts';
import { ceil } from './ceil.ts';
import { clip } from './clip.ts';
import { concat } from './concat.ts';
import { convTranspose } from './conv-transpose.ts';
import { convWeightGradient } from './conv-weight-gradient.ts';
import { conv } from './conv.ts';
import { crossEntropy } from './cross-entropy.ts';
import { dequantizeLinear } from './dequantize-linear.ts';
import { div } from './div.ts';
import { equal } from './equal.ts';
import { erf } from './erf.ts';
import { exp } from './exp.ts';
import { expand } from './expand.ts';
import { flattenImage } from './flatten-image.ts';
import { floor } from './floor.ts';
import { gatherElements } from './gather-elements.ts';
import { gather } from './gather.ts';
import { geluTanh } from './gelu-tanh.ts';
import { geluGradient } from './gelu-gradient.ts';
import { gelu } from './gelu.ts';
import { gemm } from './gemm.ts';
import { greaterOrEqual } from './greater-or-equal.ts';
import { greater } from './greater.ts';
import { groupNormalization } from './group-normalization.ts';
import { hardSigmoid } from './hard-sigmoid.ts';
import { hardSwish } from './hard-swish.ts';
import { layerNormalization } from './layer-normalization.ts';
import { leakyRelu } from './leaky-relu.ts';
import { lessOrEqual } from './less-or-equal.ts';
import { less } from './less.ts';
import { linear } from './linear.ts';
import { logSoftmax } from './log-softmax.ts';
import { log } from './log.ts';
import { loraConv } from './lora-conv.ts';
import { loraEmbedding } from './lora-embedding.ts';
import { loraLinear } from './lora-linear.ts';
import { matmul } from './matmul.ts';
import { maxPool, maxPoolIndices } from './max-pool.ts';
import { max } from './max.ts';
import { min } from './min.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';
import { not } from './not.ts';
import { or } from './or.ts';
import { pad } from './pad.ts';
import { pow } from './pow.ts';
import { quantizeLinear } from './quantize-linear.ts';
import { quickGelu } from './quick-gelu.ts';
import { reciprocal } from './reciprocal.ts';
import { reduceL2 } from './reduce-l2.ts';
import { reduceMax } from './reduce-max.ts';
import { reduceMean } from './reduce-mean.ts';
import { reduceMin } from './reduce-min.ts';
import { reduceSum } from './reduce-sum.ts';
import { relu } from './relu.ts';
import { reshape } from './reshape.ts';
import { resize } from './resize.ts';
import { rmsNormalization } from './rms-normalization.ts';
import { round } from './round.ts';
import { scatterAdd } from './scatter-add.ts';
import { scatterElements } from './scatter-elements.ts';
import { sigmoid } from './sigmoid.ts';
import { sign } from './sign.ts';
import { silu } from './silu.ts';
import { slice } from './slice.ts';
import { softmax } from './softmax.ts';
import { split } from './split.ts';
import { sqrt } from './sqrt.ts';
import { step } from './step.ts';
import { stopGradient } from './stop-gradient.ts';
import { sub } from './sub.ts';
import { tanh } from './tanh.ts';
import { tile } from './tile.ts';
import { topValues } from './top-values.ts';
import { transpose } from './transpose.ts';
import { where } from './where.ts';

export const OPS = [
  abs,
  add,
  after,
  and,
  atan,
  attention,
  averagePool,
  batchNormalization,
  cast,
  ceil,
  clip,
  concat,
  conv,
  convTranspose,
  convWeightGradient,
  crossEntropy,
  dequantizeLinear,
  div,
  equal,
  erf,
  exp,
  expand,
  flattenImage,
  floor,
  gather,
  gatherElements,
  gelu,
  geluGradient,
  geluTanh,
  gemm,
  greater,
  greaterOrEqual,
  groupNormalization,
  hardSigmoid,
  hardSwish,
  layerNormalization,
  leakyRelu,
  less,
  lessOrEqual,
  linear,
  log,
  logSoftmax,
  loraConv,
  loraEmbedding,
  loraLinear,
  matmul,
  max,
  maxPool,
  maxPoolIndices,
  min,
  mul,
  neg,
  not,
  or,
  pad,
  pow,
  quantizeLinear,
  quickGelu,
  reciprocal,
  reduceL2,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceSum,
  relu,
  reshape,
  resize,
  rmsNormalization,
  round,
  scatterAdd,
  scatterElements,
  sigmoid,
  sign,
  silu,
  slice,
  softmax,
  split,
  sqrt,
  step,
  stopGradient,
  sub,
  tanh,
  tile,
  topValues,
  transpose,
  where,
] as const;
