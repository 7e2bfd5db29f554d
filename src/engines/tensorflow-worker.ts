/**
 * The thread that runs TensorFlow, through the binding of TensorFlow.js: a run there blocks its thread until it is done, for a minute when
 * XLA compiles, while a trainer has control files to watch and the next batch to make. Built to `dist/tensorflow-worker.js`.
 */
import { parentPort } from 'node:worker_threads';
import { backend } from '@tensorflow/tfjs-node-gpu';
import type { TensorData } from '../graph/tensor.ts';
import { messageOf } from '../shared/errors.ts';
import type { Output } from './tensorflow-ports.ts';
import type { Answers, Reply, Request } from './tensorflow-protocol.ts';

/** What TensorFlow.js declares of its binding and we use of it. */
interface Binding {
  readonly TF_INT32: number;
  readonly TF_Version: string;
  createTensor(shape: readonly number[], dtype: number, data: Int32Array): number;
  deleteTensor(tensor: number): void;
  tensorDataSync(tensor: number): TensorData;
  isUsingGpuDevice(): boolean;
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(model: number): void;
  /** Names are joined by commas. */
  runSavedModel(
    model: number,
    tensors: readonly number[],
    inputs: string,
    outputs: string,
  ): readonly { readonly id: number; readonly shape: readonly number[] }[];
}

// TensorFlow.js would read a SavedModel as a whole in JavaScript, for the names of its inputs, before TensorFlow does.
const { binding } = backend() as unknown as { readonly binding: Binding };

parentPort!.on('message', (request: Request) => {
  let reply: Reply;
  let moved: ArrayBuffer[] = [];
  try {
    const value = answer(request);
    if (request.kind === 'run') moved = (value as Answers['run']).map(({ data }) => data.buffer as ArrayBuffer);
    reply = { value };
  } catch (error) {
    reply = { error: messageOf(error) };
  }
  parentPort!.postMessage(reply, moved);
});

function answer(request: Request): Answers[keyof Answers] {
  switch (request.kind) {
    case 'open':
      return { gpu: binding.isUsingGpuDevice(), version: binding.TF_Version };
    case 'load':
      return binding.loadSavedModel(request.folder, 'serve');
    case 'run':
      return run(request);
    case 'release':
      binding.deleteSavedModel(request.model);
      return undefined;
  }
}

function run({ model, feeds, outputs }: Request & { kind: 'run' }): readonly Output[] {
  const tensors = feeds.map(({ shape, words }) => binding.createTensor(shape, binding.TF_INT32, words));
  try {
    const names = feeds.map(({ node }) => `${node}:0`).join(',');
    const results = binding.runSavedModel(model, tensors, names, outputs.map((node) => `${node}:0`).join(','));
    return results.map(({ id, shape }) => {
      const data = binding.tensorDataSync(id);
      binding.deleteTensor(id);
      return { shape, data };
    });
  } finally {
    for (const tensor of tensors) binding.deleteTensor(tensor);
  }
}
