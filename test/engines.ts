/** What ops and models are tested on: ONNX Runtime on the CPU, and TensorFlow where a pack of it is here. */
import { stdout } from 'node:process';
import { chooseEngine, tensorFlowFolder } from '../src/engines/choose.ts';
import type { Engine } from '../src/engines/engine.ts';
import { onnxRuntimeCpu } from '../src/engines/onnxruntime.ts';

export const tensorFlow = tensorFlowFolder('tensorflow-cpu') === null ? undefined : chooseEngine('tensorflow-cpu');

if (tensorFlow === undefined) {
  stdout.write(
    'TensorFlow is not tested: there is no pack of it (npm run engine-pack -- tensorflow-cpu, LOWRANK_TENSORFLOW_PACK=FOLDER)\n',
  );
}

export const enginesUnderTest: readonly Engine[] =
  tensorFlow === undefined ? [onnxRuntimeCpu] : [onnxRuntimeCpu, tensorFlow];
