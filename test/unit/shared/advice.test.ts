/** Advice and what it is given for. */
import { expect, test } from 'vitest';
import { advise, type AdviceFacts } from '../../../src/shared/advice.ts';
import type { Cost } from '../../../src/shared/cost.ts';
import { editDraft, newDraft } from '../../../src/shared/draft.ts';
import { jobSchema } from '../../../src/shared/job.ts';

const GB = 1e9;
const COST: Cost = {
  scale: 2,
  adaptedModules: 12,
  exceeded: [],
  adapterParameters: 1e5,
  savedParameters: 1e3,
  trainableParameters: 101_000,
  share: 0.01,
  adapterBytes: 4e5,
  savedBytes: 4e3,
  fullCopyBytes: 4e7,
  savingFactor: 100,
  memoryBytes: GB,
  secondsPerEpoch: 60,
};

function job(more: object) {
  return jobSchema.parse({ data: 'd', base: 'hf:a/b', ...more });
}

function ids(facts: Partial<AdviceFacts>) {
  return advise({
    job: job({}),
    cost: COST,
    memory: { total: 16 * GB, free: 8 * GB },
    images: 10_000,
    imbalance: 1.2,
    ...facts,
  }).map(({ id }) => id);
}

test('an ordinary job needs no advice, nor does one that is not known yet', () => {
  expect(ids({})).toEqual([]);
  expect(ids({ cost: null, memory: null, images: null, imbalance: null })).toEqual([]);
});

test('a rank beyond what the images can use, with a rank that they can', () => {
  const large = job({ lora: { rank: 64, alpha: 128, useRslora: true } });
  const [advice] = advise({ job: large, cost: null, memory: null, images: 300, imbalance: null });
  expect(advice).toMatchObject({ id: 'rank-for-images', rank: 64, images: 300, fix: { value: 32 } });
  // Alpha was twice the rank and stays so.
  const mended = editDraft(newDraft({ lora: { rank: 64, alpha: 128 } }), advice!.fix!.edits).present;
  expect(mended).toEqual({ lora: { rank: 32, alpha: 64 } });
  expect(ids({ job: job({ lora: { rank: 8 } }), images: 20 })).toEqual([]);
});

test('rsLoRA from rank 32 on', () => {
  expect(ids({ job: job({ lora: { rank: 32 } }) })).toEqual(['rslora']);
  expect(ids({ job: job({ lora: { rank: 32, useRslora: true } }) })).toEqual([]);
  expect(ids({ job: job({ lora: { rank: 16 } }) })).toEqual([]);
});

test('memory above what the machine has, or has free', () => {
  expect(ids({ cost: { ...COST, memoryBytes: 20 * GB } })).toEqual(['memory-above-machine']);
  expect(ids({ cost: { ...COST, memoryBytes: 12 * GB } })).toEqual(['memory-above-free']);
});

test('other methods have no rank to mind', () => {
  expect(ids({ job: job({ method: 'head', lora: { rank: 512 } }), images: 30 })).toEqual([]);
  expect(ids({ job: job({ method: 'full' }) })).toEqual(['rate-for-full']);
  // Of a detector the rate of adapters is but twice that of everything.
  expect(ids({ job: job({ method: 'full', base: 'a.pt', training: { learningRate: 0.01 } }) })).toEqual([]);
  expect(ids({ job: job({ method: 'full', base: 'a.pt', training: { learningRate: 0.1 } }) })).toEqual([
    'rate-for-full',
  ]);
});

test('layers that are left out, an adapter above a copy, a toy, an imbalance, a batch above all images', () => {
  expect(ids({ cost: { ...COST, exceeded: ['stem'] } })).toEqual(['rank-above-layers']);
  expect(ids({ cost: { ...COST, adapterBytes: 5e7 } })).toEqual(['larger-than-copy']);
  expect(ids({ job: job({ base: 'sample' }) })).toEqual(['toy-base']);
  expect(ids({ imbalance: 12 })).toEqual(['imbalance']);
  expect(ids({ job: job({ training: { batch: 64 } }), images: 60, imbalance: 1 })).toEqual(['batch-for-images']);
});

test('few updates on boxes, with the epochs that are enough', () => {
  const few = job({ base: 'yolo11n.pt', training: { epochs: 2, batch: 16 } });
  expect(ids({ job: few, images: 160 })).toEqual(['updates-for-boxes']);
  expect(ids({ job: job({ base: 'yolo11n.pt', training: { epochs: 24, batch: 16 } }), images: 160 })).toEqual([]);
  expect(ids({ job: job({ training: { epochs: 2, batch: 16 } }), images: 160 })).toEqual([]);
});
