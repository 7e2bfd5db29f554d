/** Validation of a detector, whole: decoding, inference, suppression and mean average precision. Prints what test/parity/validate_yolo.py prints. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { jobSchema } from '../../src/shared/job.ts';
import { openPrograms } from '../../src/trainer/open-programs.ts';
import { openSession } from '../../src/trainer/session.ts';

export interface ValidationOptions {
  readonly data: string;
  readonly model: string;
  readonly batch: number;
  readonly size: number;
  readonly threads: number;
  readonly rounds: number;
}

export interface ValidationFigures {
  /** Of the fastest round: the first one also reads what is then in memory. */
  readonly seconds: number;
  readonly images: number;
  readonly map: number;
}

export async function measureValidation(options: ValidationOptions): Promise<ValidationFigures> {
  const { batch, threads, size } = options;
  const job = jobSchema.parse({
    data: resolve(options.data),
    base: resolve(options.model),
    engine: 'onnxruntime-cpu',
    threads,
    training: { batch },
    detection: { imageSize: size },
  });
  const session = await openSession(job);
  const work = mkdtempSync(join(tmpdir(), 'lowrank-bench-'));
  const programs = await openPrograms(session, work);
  const figures: ValidationFigures[] = [];
  try {
    for (let round = 0; round < options.rounds; round++) {
      const started = performance.now();
      const { images, detection } = await programs.validate(Object.fromEntries(session.initial.values));
      figures.push({ seconds: (performance.now() - started) / 1000, images, map: detection!.map });
    }
  } finally {
    await programs.close();
    rmSync(work, { recursive: true, force: true });
  }
  return figures.reduce((best, each) => (each.seconds < best.seconds ? each : best));
}
