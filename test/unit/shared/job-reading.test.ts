/** A job as a form shows it, whatever its file says. */
import { expect, test } from 'vitest';
import { jobSchema } from '../../../src/shared/job.ts';
import { differingFields, readJobValues, writtenJob } from '../../../src/shared/job-reading.ts';

test('a whole job is read as the schema reads it', () => {
  const values = { data: './pets', base: 'sample', lora: { rank: 4 } };
  const { job, faults } = readJobValues(values);
  expect(job).toEqual(jobSchema.parse(values));
  expect(faults).toEqual([]);
});

test('a job without dataset or base is shown, and is none yet', () => {
  const { job, shown, faults } = readJobValues({ lora: { rank: 4 } });
  expect(job).toBeNull();
  expect(shown).toMatchObject({ data: '', base: '', lora: { rank: 4, alpha: 16 } });
  expect(faults).toEqual([]);
});

test('unknown and wrong fields are told and leave the rest readable', () => {
  const { job, shown, faults } = readJobValues({
    data: './pets',
    base: 'sample',
    lora: { ranks: 4, alpha: 32, targetModules: ['q', 3] },
    training: { batch: 0, epochs: 7 },
  });
  expect(job).toBeNull();
  expect(shown.lora).toMatchObject({ alpha: 32, targetModules: 'all-linear' });
  expect(shown.training).toMatchObject({ batch: 16, epochs: 7 });
  expect(faults.map(({ path }) => path.join('.'))).toEqual(
    expect.arrayContaining(['lora.ranks', 'training.batch', 'lora.targetModules']),
  );
  expect(faults.find(({ path }) => path[1] === 'ranks')?.message).toContain('did you mean lora.rank');
});

test.each([null, 3, 'job', []])('%j is no job', (value) => {
  expect(readJobValues(value)).toMatchObject({ job: null, faults: [{ path: [] }] });
});

test('a job is written as what differs from its defaults, and read back the same', () => {
  const job = jobSchema.parse({ data: './pets', base: 'sample', lora: { rank: 8, alpha: 32 }, training: { seed: 1 } });
  const written = writtenJob(job);
  expect(written).toEqual({ data: './pets', base: 'sample', lora: { alpha: 32 }, training: { seed: 1 } });
  expect(jobSchema.parse(written)).toEqual(job);
});

test('a group that is off by default is written whole enough to be read back', () => {
  const job = jobSchema.parse({ data: 'd', base: 'b', augmentation: { jitter: {}, flip: 0 } });
  expect(jobSchema.parse(writtenJob(job))).toEqual(job);
});

test('two jobs differ in the fields that differ', () => {
  const one = jobSchema.parse({ data: 'd', base: 'b' });
  const other = jobSchema.parse({ data: 'd', base: 'b', lora: { rank: 4 }, augmentation: { crop: {} } });
  expect(differingFields(one, one)).toEqual([]);
  expect(differingFields(one, other)).toEqual(['lora.rank', 'augmentation.crop']);
});
