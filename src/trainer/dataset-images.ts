/** Images of a dataset, as an export is compared and calibrated with them. */
import { decodeImage } from '../data/decode-image.ts';
import { letterbox } from '../data/detection/letterbox.ts';
import { openAnyDataset } from '../data/open-dataset.ts';
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
    const { splits, task } = await openAnyDataset(path, { validationShare, seed });
    const samples = SPLITS.flatMap((split): readonly { readonly path: string }[] => splits[split]);
    const { height, width } = inputSize(preprocessing);
    const images: Uint8Array[] = [];
    for (const { path: file } of evenly(samples, count)) {
      try {
        const image = await decodeImage(file);
        images.push(task === 'detection' ? letterbox(image, width) : preprocess(image, preprocessing));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    }
    if (images.length === 0) throw new InputError('no image can be read', { file: path });
    return { dtype: 'uint8', shape: [images.length, height, width, 3], data: new Uint8Array(Buffer.concat(images)) };
  };
}

function evenly<T>(samples: readonly T[], count: number): T[] {
  const taken = Math.min(count, samples.length);
  return Array.from({ length: taken }, (_, i) => samples[Math.floor((i * samples.length) / taken)]!);
}
