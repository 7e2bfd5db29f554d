/**
 * How time and memory of a step grow (`npm run bench -- growth`): one table for each of batch, image size, rank and depth, everything else as
 * in the ViT-tiny case. Every row is a process of its own.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeRandomVit } from '../../scripts/random-vit.ts';
import type { StepFigures, StepOptions } from './step.ts';

interface Point {
  readonly batch: number;
  readonly image: number;
  readonly rank: number;
  readonly layers: number;
}

const ORIGIN: Point = { batch: 16, image: 224, rank: 8, layers: 12 };

const AXES: readonly { readonly axis: keyof Point; readonly says: string; readonly values: readonly number[] }[] = [
  { axis: 'batch', says: 'batch', values: [1, 4, 8, 16, 32] },
  { axis: 'image', says: 'image size', values: [96, 160, 224, 320] },
  { axis: 'rank', says: 'rank', values: [4, 8, 32, 128] },
  { axis: 'layers', says: 'blocks', values: [3, 6, 12, 24] },
];

type Measured = Pick<StepOptions, 'model' | 'targets' | 'batch' | 'rank'>;

export async function measureGrowth(
  measure: (step: Measured) => StepFigures,
  say: (line: string) => void,
): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'lowrank-bench-growth-'));
  const labels = Array.from({ length: 10 }, (_, index) => `class ${index}`);
  for (const { axis, says, values } of AXES) {
    say(`${says} | step, ms | images a second | peak memory, MB`);
    for (const value of values) {
      const { image, layers, batch, rank }: Point = { ...ORIGIN, [axis]: value };
      const model = join(work, `${image}-${layers}`);
      await writeRandomVit(model, { width: 192, layers, heads: 3, image, patch: 16, labels }, 1);
      const { step_ms, images_per_second, peak_rss_mb } = measure({ model, targets: 'qv', batch, rank });
      say([value, step_ms.toFixed(0), images_per_second.toFixed(1), peak_rss_mb.toFixed(0)].join(' | '));
    }
  }
  rmSync(work, { recursive: true, force: true });
}
