/** Images of a dataset, as an export is compared and calibrated with them. */
import { decodeImage } from '../data/decode-image.ts';
import { type Sample } from '../data/dataset.ts';
import { openDataset } from '../data/open-dataset.ts';
import { preprocess } from '../data/preprocess.ts';
import type { ImageSource } from '../export/format.ts';
import { SPLITS } from '../shared/dataset-report.ts';
import { InputError } from '../shared/errors.ts';
import { trainingSchema } from '../shared/job.ts';
import { inputSize } from '../shared/preprocessing.ts';

/** Evenly from all splits and classes; what cannot be read is left out. Opens the dataset when it is asked. */
export function datasetImages(path: string): ImageSource {
  return async (preprocessing, count) => {
    const { validationShare, seed } = trainingSchema.parse({});
    const { splits } = await openDataset(path, { validationShare, seed });
    const samples = SPLITS.flatMap((split) => splits[split]);
    const images: Uint8Array[] = [];
    for (const { path: file } of evenly(samples, count)) {
      try {
        images.push(preprocess(await decodeImage(file), preprocessing));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    }
    if (images.length === 0) throw new InputError('no image can be read', { file: path });
    const { height, width } = inputSize(preprocessing);
    return { dtype: 'uint8', shape: [images.length, height, width, 3], data: new Uint8Array(Buffer.concat(images)) };
  };
}

function evenly(samples: readonly Sample[], count: number): Sample[] {
  const taken = Math.min(count, samples.length);
  return Array.from({ length: taken }, (_, i) => samples[Math.floor((i * samples.length) / taken)]!);
}
