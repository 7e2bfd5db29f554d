/** Judges boxes by the pixels that they have, which only an opened image tells. */
import { type Finding, SPLITS } from '../../shared/dataset-report.ts';
import type { DetectionDataset } from '../dataset.ts';
import type { OpenedSample } from '../open-images.ts';

/** A box of a pixel is a slip of the hand: nobody could draw it, and no stride sees it. */
const LEAST_PIXELS = 2;
/** Told by name; the others are counted. */
const MAX_TOLD = 5;

/** `opened` are the samples of all splits in their order. */
export function judgeSizes({ root, splits }: DetectionDataset, opened: readonly OpenedSample[]): Finding[] {
  const samples = SPLITS.flatMap((split) => splits[split]);
  const tiny = samples.flatMap(({ path, boxes: { corners } }, index) => {
    const image = opened[index]!.image;
    if (image === null) return [];
    let count = 0;
    for (let at = 0; at < corners.length; at += 4) {
      const width = (corners[at + 2]! - corners[at]!) * image.width;
      const height = (corners[at + 3]! - corners[at + 1]!) * image.height;
      if (Math.min(width, height) < LEAST_PIXELS) count++;
    }
    return count === 0 ? [] : [{ path, count }];
  });
  const told = tiny.slice(0, MAX_TOLD).map(({ path, count }) => ({
    file: path,
    message: `${count === 1 ? 'a box is' : `${count} boxes are`} less than ${LEAST_PIXELS} pixels wide or high; hardly anything to learn from`,
  }));
  const more = tiny.length - told.length;
  return more > 0 ? [...told, { file: root, message: `${more} more images have boxes of a pixel` }] : told;
}
