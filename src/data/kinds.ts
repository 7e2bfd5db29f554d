/** The dataset kinds that can be read. The first one that recognises a path reads it. */
import { classFolders } from './class-folders.ts';
import type { DatasetKind } from './dataset.ts';

export const DATASET_KINDS: readonly DatasetKind[] = [classFolders];
