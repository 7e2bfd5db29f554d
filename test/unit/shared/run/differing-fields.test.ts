import { describe, expect, it } from 'vitest';
import { type Job, jobSchema } from '../../../../src/shared/job.ts';
import { differingFields } from '../../../../src/shared/run/differing-fields.ts';

const job = (change: object): Job => jobSchema.parse({ data: '/d', base: 'sample', ...change });

describe('the fields in which runs differ', () => {
  it('are none for one job, and for equal ones', () => {
    expect(differingFields([job({})])).toEqual([]);
    expect(differingFields([job({}), job({})])).toEqual([]);
  });

  it('are named as in the job file, with the value of every run, defaults included', () => {
    const jobs = [job({ lora: { rank: 4 } }), job({ lora: { rank: 16 }, training: { epochs: 9 } }), job({})];
    expect(differingFields(jobs)).toEqual([
      { field: 'lora.rank', values: [4, 16, 8] },
      { field: 'training.epochs', values: [3, 9, 3] },
    ]);
  });

  it('leave out names, which always differ', () => {
    expect(differingFields([job({ name: 'a' }), job({ name: 'b' })])).toEqual([]);
  });

  it('compare lists as a whole, and objects field by field where one job has more', () => {
    const jobs = [job({ lora: { targetModules: ['q'] } }), job({ augmentation: { crop: {} } })];
    const fields = differingFields(jobs).map(({ field }) => field);
    expect(fields).toContain('lora.targetModules');
    expect(fields).toContain('augmentation.crop.scale');
    expect(differingFields(jobs).find(({ field }) => field === 'augmentation.crop.scale')?.values[0]).toBeUndefined();
  });
});
