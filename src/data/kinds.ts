/** The dataset kinds that can be read. The first one that recognises a path reads it: class folders last, since nearly any folder is one. */
import { classFolders } from './class-folders.ts';
import type { DatasetKind } from './dataset.ts';
import { coco } from './detection/coco.ts';
import { voc } from './detection/voc.ts';
import { yolo } from './detection/yolo.ts';

export const DATASET_KINDS: readonly DatasetKind[] = [yolo, coco, voc, classFolders];

/** Each layout in words, the simplest first. */
export const LOOKED_FOR: readonly string[] = DATASET_KINDS.map(({ looksFor }) => looksFor).reverse();
