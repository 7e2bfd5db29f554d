/**
 * Stands in for `@mapbox/node-pre-gyp` in the bundle of tensorflow-worker.ts (esbuild.config.mjs): TensorFlow.js asks it where its
 * binding lies, which is in an engine pack, not in TensorFlow.js's own folder.
 */
import { workerData } from 'node:worker_threads';
import type { WorkerData } from './tensorflow-protocol.ts';

export function find(): string {
  return (workerData as WorkerData).binding;
}
