import { describe, expect, it } from 'vitest';
import { jobSchema } from '../../../src/shared/job.ts';
import { readJobValues, writtenJob } from '../../../src/shared/job-reading.ts';
import { taskOfBase, withTaskDefaults } from '../../../src/shared/task-defaults.ts';

const DETECTOR = { data: 'd', base: 'yolo11n.pt' };

describe('what a job starts from', () => {
  it('differs for boxes, and a field that is named counts before it', () => {
    const usual = jobSchema.parse({ data: 'd', base: 'sample' });
    const { job } = readJobValues(DETECTOR);
    expect(job!.training.learningRate).toBeGreaterThan(usual.training.learningRate);
    const named = readJobValues({ ...DETECTOR, training: { learningRate: 1e-4 } }).job!;
    expect(named.training).toEqual({ ...job!.training, learningRate: 1e-4 });
  });

  it.each([
    ['sample', null],
    ['hf:google/vit', null],
    ['model.onnx', null],
    ['sample-detector', 'detection'],
    ['/models/yolo11n.pt', 'detection'],
    [undefined, null],
  ])('is told by the base: %s', (base, task) => {
    expect(taskOfBase(base)).toBe(task);
  });

  it('makes no field where there are none to start from, and keeps what is no object for the schema to refuse', () => {
    expect(withTaskDefaults({ base: 'sample' })).toEqual({ base: 'sample' });
    expect(withTaskDefaults({ base: 'a.pt', training: 5 })['training']).toBe(5);
  });

  it('is a job that the schema takes whole', () => {
    expect(jobSchema.parse(withTaskDefaults(DETECTOR))).toMatchObject(withTaskDefaults(DETECTOR));
  });
});

describe('a job as it is written', () => {
  it('leaves out what its task starts from, and reads back the same', () => {
    const { job } = readJobValues({ ...DETECTOR, training: { seed: 3 } });
    expect(writtenJob(job!)).toEqual({ ...DETECTOR, training: { seed: 3 } });
    expect(readJobValues(writtenJob(job!)).job).toEqual(job);
  });
});
