/** What ops and models are tested on: ONNX Runtime on the CPU, and TensorFlow where a pack of it is here. */
import { stdout } from 'node:process';
import type { Engine } from '../src/engines/engine.ts';
import { onnxRuntimeCpu } from '../src/engines/onnxruntime.ts';
import { tensorFlowOfEnvironment } from '../src/engines/tensorflow.ts';

export const tensorFlow = tensorFlowOfEnvironment();

if (tensorFlow === undefined) {
  stdout.write(
    'TensorFlow is not tested: LOWRANK_TENSORFLOW_PACK names no engine pack (npm run engine-pack -- tensorflow-cpu)\n',
  );
}

export const enginesUnderTest: readonly Engine[] =
  tensorFlow === undefined ? [onnxRuntimeCpu] : [onnxRuntimeCpu, tensorFlow];
