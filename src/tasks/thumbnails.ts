import { classThumbnails } from '../data/thumbnails.ts';
import type { ClassThumbnails } from '../shared/protocol/results.ts';
import type { Task } from './task.ts';

/** A person sees a few; pictures of a thousand classes would weigh more than all that a view holds else. */
const MAX_CLASSES = 60;

export const thumbnails: Task<'thumbnails'> = async ({ path, perClass, side }, { progress, part }) => {
  const drawn: ClassThumbnails[] = [];
  let [skippedImages, allClasses] = [0, 0];
  const options = { perClass, side, maxClasses: MAX_CLASSES };
  for await (const { pictures, skipped, classes } of classThumbnails(path, options)) {
    drawn.push(pictures);
    skippedImages += skipped;
    allClasses = classes;
    part(pictures);
    progress(drawn.length, Math.min(classes, MAX_CLASSES));
  }
  return { classes: drawn, more: allClasses - drawn.length, skipped: skippedImages };
};
