/** The file that a run will leave, to the byte, known before anything is trained: its size follows from shapes, names and metadata. */
import type { Adapted } from '../lora/adapt.ts';
import { writeRecord } from '../lora/record.ts';
import { originOf } from '../lora/state.ts';
import type { Base } from '../models/base.ts';
import { adapterTensors, keyOfSaved, safetensorsBytes } from '../shared/adapter-tensors.ts';
import type { NamedShape } from '../shared/adapter-tensors.ts';
import { fileRankOf } from '../shared/cost.ts';
import type { Job } from '../shared/job.ts';

export interface PlannedFile {
  /** The header included. */
  readonly bytes: number;
  /** Tensors trained whole, by their keys in the file. */
  readonly saved: readonly NamedShape[];
  readonly metadata: Readonly<Record<string, string>>;
}

export interface FileOf {
  readonly job: Job;
  readonly base: Base;
  /** Class names of the dataset. */
  readonly classes: readonly string[];
  readonly adapted: Adapted;
}

export function planFile({ job: { method, lora }, base, classes, adapted }: FileOf): PlannedFile {
  const { targets, parameters, newHead } = adapted;
  const paths = new Set(targets.map(({ module }) => module.path));
  const saved = parameters
    .filter(({ role }) => role === 'whole')
    .map(({ name, shape }) => ({
      // PEFT has no file for a model trained whole: it keeps the names of the state dict (lora/trained.ts).
      name: method === 'full' ? name : keyOfSaved(name, (module) => paths.has(module)),
      shape,
    }));
  const tensors = targets.flatMap(({ module, rank }) =>
    adapterTensors(module, fileRankOf(rank, lora.init), lora.useDora),
  );
  const metadata = { format: 'pt', lowrank: writeRecord(originOf(base, classes, newHead)) };
  return { bytes: safetensorsBytes([...tensors, ...saved], 'float32', metadata), saved, metadata };
}
