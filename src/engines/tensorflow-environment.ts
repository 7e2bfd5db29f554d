/**
 * What TensorFlow reads from the environment when its library is loaded, once in the life of a process. What a user has set
 * stays as it is, flags of XLA excepted, to which ours are added.
 */
import { join } from 'node:path';
import { env } from 'node:process';

/** In the cache; XLA does not make it. */
export const AUTOTUNE_FOLDER = 'autotune';

export interface TensorFlowSettings {
  /** Of the operations of one step; undefined for TensorFlow's own choice, all cores. */
  readonly threads: number | undefined;
  /** Where what was compiled is kept, and CUDA's compiler lies. */
  readonly xla: { readonly cache: string; readonly cudaFolder: string } | undefined;
}

export function setEnvironment({ threads, xla }: TensorFlowSettings): void {
  setUnlessSet('TF_CPP_MIN_LOG_LEVEL', '2');
  // Otherwise it takes the whole card, and a second process, or ONNX Runtime in this one, gets nothing.
  setUnlessSet('TF_FORCE_GPU_ALLOW_GROWTH', 'true');
  if (threads !== undefined) {
    setUnlessSet('TF_NUM_INTRAOP_THREADS', String(threads));
    // A step is a chain of large operations: two at a time would only take each other's cores.
    setUnlessSet('TF_NUM_INTEROP_THREADS', '1');
  }
  if (xla === undefined) return;
  // No clusters of TensorFlow's own choice: what is to be compiled is marked in the graph (write-savedmodel.ts).
  addTo('TF_XLA_FLAGS', `--tf_xla_persistent_cache_directory=${xla.cache}`);
  addTo('XLA_FLAGS', `--xla_gpu_cuda_data_dir=${xla.cudaFolder}`);
  // Which form of a matrix product is the fastest is tried once a card, not once a graph: most of a compilation.
  addTo('XLA_FLAGS', `--xla_gpu_per_fusion_autotune_cache_dir=${join(xla.cache, AUTOTUNE_FOLDER)}`);
}

function setUnlessSet(name: string, value: string): void {
  env[name] ??= value;
}

function addTo(name: string, flags: string): void {
  const given = env[name];
  if (given?.includes(flags) !== true) env[name] = given === undefined ? flags : `${flags} ${given}`;
}
