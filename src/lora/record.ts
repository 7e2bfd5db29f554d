/**
 * What Lowrank notes beside PEFT's own fields: the base's identity, the classes and the preprocessing. PEFT warns of unknown
 * fields in `adapter_config.json` and drops them, so the record is kept in the metadata of the weights, which cannot get lost
 * without them, and in `lowrank.json` for people, and for when PEFT has written the weights anew.
 */
import * as z from 'zod';
import { preprocessingSchema } from '../shared/preprocessing.ts';
import type { Adapter, AdapterTask, BaseIdentity } from './adapter.ts';

/** ImageNet-21k has 21 843 classes; a hostile file must not fill the memory with names. */
const MAX_CLASSES = 100_000;

export const recordSchema = z.looseObject({
  version: z.literal(1, { error: 'was written by a newer version of Lowrank; update it' }),
  base: z.looseObject({
    name: z.string().optional(),
    revision: z.string().optional(),
    sha256: z.string().optional(),
    fusedBatchNorm: z.boolean().optional(),
    architecture: z.string().optional(),
  }),
  task: z
    .looseObject({
      classNames: z.array(z.string()).max(MAX_CLASSES),
      preprocessing: preprocessingSchema.optional(),
      newHead: z.boolean().optional(),
    })
    .optional(),
});

type AdapterRecord = z.infer<typeof recordSchema>;

/** One line of JSON. */
export function writeRecord({ base, task }: Pick<Adapter, 'base' | 'task'>): string {
  return JSON.stringify({ version: 1, base, ...(task !== undefined && { task }) });
}

export function identityOf({ base }: AdapterRecord): BaseIdentity {
  const { name, revision, sha256, fusedBatchNorm, architecture } = base;
  return {
    ...(name !== undefined && { name }),
    ...(revision !== undefined && { revision }),
    ...(sha256 !== undefined && { sha256 }),
    ...(fusedBatchNorm !== undefined && { fusedBatchNorm }),
    ...(architecture !== undefined && { architecture }),
  };
}

export function taskOf({ task }: AdapterRecord): AdapterTask | undefined {
  if (task === undefined) return undefined;
  const { classNames, preprocessing, newHead } = task;
  return {
    classNames,
    ...(preprocessing !== undefined && { preprocessing }),
    ...(newHead !== undefined && { newHead }),
  };
}
