/** A few images of a dataset as they are labelled, with their boxes, for a person to see whether the labels lie where they should. */
import { SPLITS } from '../../shared/dataset-report.ts';
import { InputError } from '../../shared/errors.ts';
import { trainingSchema } from '../../shared/job.ts';
import type { Scene } from '../../shared/protocol/results.ts';
import type { DetectionSample } from '../dataset.ts';
import { decodeImage } from '../decode-image.ts';
import { readDataset } from '../open-dataset.ts';
import { thumbnail } from '../thumbnails.ts';

export interface SceneOptions {
  readonly count: number;
  /** The longer side, in pixels. */
  readonly side: number;
}

/** Images that are tried for each scene. */
const ATTEMPTS = 4;
/** Of one image; a picture of this size shows no more. */
const MAX_BOXES = 100;

/** Evenly from the dataset, training images first; those without a box are left out. None of a dataset of classes. */
export async function scenesOf(path: string, { count, side }: SceneOptions): Promise<Scene[]> {
  const { validationShare, seed } = trainingSchema.parse({});
  const { dataset } = await readDataset(path, { validationShare, seed });
  if (dataset.task !== 'detection') return [];
  const labelled = SPLITS.flatMap((split) => dataset.splits[split]).filter(({ boxes }) => boxes.labels.length > 0);
  const wanted = Math.min(count, labelled.length);
  const scenes: Scene[] = [];
  for (let index = 0; index < wanted; index++) {
    const [from, to] = [index, index + 1].map((part) => Math.floor((part * labelled.length) / wanted)) as [
      number,
      number,
    ];
    const scene = await firstScene(labelled.slice(from, Math.min(to, from + ATTEMPTS)), dataset.classes, side);
    if (scene !== undefined) scenes.push(scene);
  }
  return scenes;
}

async function firstScene(
  samples: readonly DetectionSample[],
  classes: readonly string[],
  side: number,
): Promise<Scene | undefined> {
  for (const { path, boxes } of samples) {
    try {
      const picture = await thumbnail(await decodeImage(path), path, side);
      const labels = Array.from(boxes.labels.subarray(0, MAX_BOXES));
      return {
        ...picture,
        boxes: labels.map((label, i) => ({
          label: classes[label]!,
          box: Array.from(boxes.corners.subarray(4 * i, 4 * i + 4)) as [number, number, number, number],
        })),
      };
    } catch (error) {
      // The check tells what cannot be read.
      if (!(error instanceof InputError)) throw error;
    }
  }
  return undefined;
}
