import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkDataset } from '../../../../src/data/check-dataset.ts';
import { writeDetectionSample } from '../../../../src/data/detection/sample.ts';
import { drawScene, SCENE_SIDE } from '../../../../src/data/detection/sample-scene.ts';
import { openDetection } from '../../../../src/data/open-dataset.ts';
import { SAMPLE_CLASSES } from '../../../../src/data/sample-shapes.ts';
import { Random } from '../../../../src/shared/random.ts';
import { temporaryFolder, writeFiles } from '../folders.ts';

const folder = temporaryFolder();

describe('writeDetectionSample', () => {
  it('writes a dataset that is ready, in all its classes', async () => {
    const path = join(folder.path, 'ready');
    await writeDetectionSample(path, { train: 12, validation: 4 });
    const report = await checkDataset(path, { deep: true });
    expect(report).toMatchObject({ ready: true, kind: 'yolo', counts: { train: 12, validation: 4, test: 0 } });
    expect(report.images).toMatchObject({ formats: { png: 16 }, width: { least: SCENE_SIDE, most: SCENE_SIDE } });
    expect(report.warnings.every(({ message }) => /^(fewer than|no (validation|training) box)/.test(message))).toBe(
      true,
    );
    expect((await openDetection(path, { seed: 0, validationShare: 0.2 })).classes).toEqual(SAMPLE_CLASSES);
  });

  it('draws the same from the same seed, and the classes that are asked for', async () => {
    const [first, again] = ['first', 'again'].map((name) => join(folder.path, name)) as [string, string];
    await writeDetectionSample(first, { train: 1, validation: 1, seed: 4, classes: ['star', 'ring'] });
    await writeDetectionSample(again, { train: 2, validation: 1, seed: 4, classes: ['star', 'ring'] });
    for (const file of ['images/train/000.png', 'labels/train/000.txt', 'images/val/000.png'])
      expect(readFileSync(join(again, file)).equals(readFileSync(join(first, file)))).toBe(true);
    expect(readFileSync(join(first, 'data.yaml'), 'utf8')).toMatch(/names:\n {2}0: star\n {2}1: ring\n$/);
  });

  it('has test images where they are asked for, which are no others of the same draw', async () => {
    const [plain, tested] = ['plain', 'tested'].map((name) => join(folder.path, name)) as [string, string];
    await writeDetectionSample(plain, { train: 1, validation: 1 });
    await writeDetectionSample(tested, { train: 1, validation: 1, test: 2 });
    const { splits } = await openDetection(tested, { seed: 0, validationShare: 0.2 });
    expect(splits.test).toHaveLength(2);
    const image = (path: string, split: string): Buffer => readFileSync(join(path, 'images', split, '000.png'));
    expect(image(tested, 'train').equals(image(plain, 'train'))).toBe(true);
    expect(image(tested, 'test').equals(image(tested, 'val'))).toBe(false);
  });

  it('refuses a folder that holds anything', async () => {
    const path = writeFiles(join(folder.path, 'mine'), ['precious.txt']);
    await expect(writeDetectionSample(path)).rejects.toThrow(`${path}: the folder is not empty; choose a new one`);
  });
});

describe('drawScene', () => {
  it('puts each shape whole into its box, dark on light paper', () => {
    for (let seed = 0; seed < 8; seed++) {
      const { pixels, boxes } = drawScene('clean', SAMPLE_CLASSES, new Random(seed));
      expect(boxes.length).toBeGreaterThan(0);
      // Paper is at least 200 and shapes at most 90, with noise of 14: what is dark lies in a box, but
      // for a pixel that the outline crosses, and reaches all its sides.
      const reached = boxes.map(() => [SCENE_SIDE, SCENE_SIDE, 0, 0] as [number, number, number, number]);
      for (let y = 0; y < SCENE_SIDE; y++) {
        for (let x = 0; x < SCENE_SIDE; x++) {
          if (pixels[(y * SCENE_SIDE + x) * 3]! > 130) continue;
          const at = boxes.findIndex(([, x1, y1, x2, y2]) => x >= x1 - 1 && x <= x2 && y >= y1 - 1 && y <= y2);
          expect(at, `a dark pixel at ${x}, ${y} of seed ${seed}`).toBeGreaterThanOrEqual(0);
          const [x1, y1, x2, y2] = reached[at]!;
          reached[at] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x + 1), Math.max(y2, y + 1)];
        }
      }
      // A box may overlap another's corner; all but such are told apart.
      const near = reached.filter((corners, i) =>
        corners.every((corner, k) => Math.abs(corner - boxes[i]![k + 1]!) <= 1),
      );
      expect(near.length).toBeGreaterThanOrEqual(boxes.length - 2);
    }
  });

  it('has neither one class nor one number of shapes', () => {
    const scenes = Array.from({ length: 40 }, (_, seed) => drawScene('shifted', SAMPLE_CLASSES, new Random(seed)));
    expect(new Set(scenes.map(({ boxes }) => boxes.length)).size).toBeGreaterThan(3);
    expect(new Set(scenes.flatMap(({ boxes }) => boxes.map(([label]) => label))).size).toBe(SAMPLE_CLASSES.length);
  });
});
