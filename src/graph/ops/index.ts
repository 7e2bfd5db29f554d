/** Every op, one line each. */
import { add } from './add.ts';
import { attention } from './attention.ts';
import { batchNormalization } from './batch-normalization.ts';
import { cast } from './cast.ts';
import { concat } from './concat.ts';
import { conv } from './conv.ts';
import { crossEntropy } from './cross-entropy.ts';
import { div } from './div.ts';
import { equal } from './equal.ts';
import { erf } from './erf.ts';
import { exp } from './exp.ts';
import { expand } from './expand.ts';
import { floor } from './floor.ts';
import { gather } from './gather.ts';
import { gelu } from './gelu.ts';
import { gemm } from './gemm.ts';
import { greater } from './greater.ts';
import { layerNormalization } from './layer-normalization.ts';
import { linear } from './linear.ts';
import { log } from './log.ts';
import { logSoftmax } from './log-softmax.ts';
import { loraConv } from './lora-conv.ts';
import { loraLinear } from './lora-linear.ts';
import { matmul } from './matmul.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';
import { pad } from './pad.ts';
import { reduceMean } from './reduce-mean.ts';
import { reduceSum } from './reduce-sum.ts';
import { reshape } from './reshape.ts';
import { slice } from './slice.ts';
import { softmax } from './softmax.ts';
import { split } from './split.ts';
import { sqrt } from './sqrt.ts';
import { stopGradient } from './stop-gradient.ts';
import { sub } from './sub.ts';
import { transpose } from './transpose.ts';

export const OPS = [
  add,
  attention,
  batchNormalization,
  cast,
  concat,
  conv,
  crossEntropy,
  div,
  equal,
  erf,
  exp,
  expand,
  floor,
  gather,
  gelu,
  gemm,
  greater,
  layerNormalization,
  linear,
  log,
  logSoftmax,
  loraConv,
  loraLinear,
  matmul,
  mul,
  neg,
  pad,
  reduceMean,
  reduceSum,
  reshape,
  slice,
  softmax,
  split,
  sqrt,
  stopGradient,
  sub,
  transpose,
] as const;
