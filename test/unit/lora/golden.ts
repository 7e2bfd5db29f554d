/** The adapters that peft saved (test/parity/lora_golden.py), with base and merged weights. */
import { join } from 'node:path';
import { asFloat32, openSafetensors } from '../../../src/formats/safetensors.ts';
import type { Tensor } from '../../../src/graph/tensor.ts';
import type { Adapter } from '../../../src/lora/adapter.ts';
import { readAdapter } from '../../../src/lora/read-adapter.ts';

export const CASES = ['patterns', 'rslora', 'dora'] as const;
export type Case = (typeof CASES)[number];

export const folderOf = (name: Case): string => join(import.meta.dirname, '../../fixtures/lora', name);

export interface Golden {
  readonly adapter: Adapter;
  readonly base: (module: string) => Tensor<'float32'>;
  readonly merged: (module: string) => Tensor<'float32'>;
}

export function golden(name: Case): Golden {
  const weights = openSafetensors(join(folderOf(name), 'weights.safetensors'));
  const tensors = new Map(weights.names().map((key) => [key, asFloat32(weights.read(key))]));
  weights.close();
  return {
    adapter: readAdapter(folderOf(name)),
    base: (module) => tensors.get(`base.${module}.weight`)!,
    merged: (module) => tensors.get(`merged.${module}.weight`)!,
  };
}

export const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  a.length === b.length
    ? Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)
    : Infinity;
