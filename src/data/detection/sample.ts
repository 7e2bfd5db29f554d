/** Writes the detection sample, drawn by code: images, label files and a `data.yaml`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../../shared/random.ts';
import { drawnName, type DrawnOptions, writeDrawnFolder, writeDrawnImage } from '../drawn-folder.ts';
import { SAMPLE_CLASSES, type SampleClass } from '../sample-shapes.ts';
import type { BoxRow } from './arrange.ts';
import { drawScene, SCENE_SIDE } from './sample-scene.ts';

export interface DetectionSampleOptions extends DrawnOptions {
  /** Images, of some three shapes each. */
  readonly train?: number;
  readonly validation?: number;
  /** None by default. */
  readonly test?: number;
  /** In the order of their labels; all shapes by default. */
  readonly classes?: readonly SampleClass[];
}

/** All or nothing. Throws an `InputError` where `directory` holds anything. */
export async function writeDetectionSample(directory: string, options: DetectionSampleOptions = {}): Promise<void> {
  const { seed = 0, domain = 'shifted', train = 120, validation = 40, test = 0 } = options;
  const { classes = SAMPLE_CLASSES } = options;
  await writeDrawnFolder(directory, async (temp) => {
    const splits = Object.entries({ train, val: validation, test }).filter(([, count]) => count > 0);
    for (const [split, count] of splits) {
      const random = new Random(seed).fork('boxes').fork(domain).fork(split);
      const [images, labels] = [join(temp, 'images', split), join(temp, 'labels', split)];
      await Promise.all([images, labels].map((folder) => mkdir(folder, { recursive: true })));
      for (let i = 0; i < count; i++) {
        const { pixels, boxes } = drawScene(domain, classes, random.fork(i));
        const name = drawnName(i);
        await writeDrawnImage(images, name, SCENE_SIDE, pixels);
        await writeFile(join(labels, `${name}.txt`), boxes.map(lineOf).join(''));
      }
    }
    const names = splits.map(([split]) => split);
    await writeFile(join(temp, 'data.yaml'), describe(names, classes));
  });
}

function lineOf([label, x1, y1, x2, y2]: BoxRow): string {
  const parts = [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1].map((pixels) => String(pixels / SCENE_SIDE));
  return `${[label, ...parts].join(' ')}\n`;
}

function describe(splits: readonly string[], classes: readonly SampleClass[]): string {
  const folders = splits.map((split) => `${split}: images/${split}\n`).join('');
  const names = classes.map((name, label) => `  ${label}: ${name}\n`).join('');
  return `path: .\n${folders}names:\n${names}`;
}
