import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { chooseEngine } from '../engines/choose.ts';
import { exportModel } from '../export/export-model.ts';
import { formatOf } from '../export/formats.ts';
import { snippetsFor } from '../export/snippets.ts';
import { InputError } from '../shared/errors.ts';
import { baseOfAdapter } from '../trainer/base-of-adapter.ts';
import { datasetImages } from '../trainer/dataset-images.ts';
import { validationScore } from '../trainer/detection/validation-score.ts';
import { locateAdapter } from '../trainer/locate-adapter.ts';
import type { Task } from './task.ts';

export const exportTask: Task<'export'> = async ({ path, base, folders, format, out, data }, { progress }) => {
  const { output } = formatOf(format);
  if (output !== 'directory' && !out.endsWith(output)) {
    throw new InputError(`${format} is a file that ends in ${output}`, { file: out });
  }
  const located = await locateAdapter(path);
  const { folder, job } = located;
  const dataset = data ?? (job !== undefined && existsSync(job.data) ? job.data : null);
  // How long writing and comparing take nobody can tell beforehand.
  progress(0, null);
  const report = await exportModel({
    adapter: folder,
    base: baseOfAdapter(base ?? undefined, located, { folders, mayDownload: true }),
    format,
    out,
    engine: chooseEngine('auto'),
    images: dataset === null ? undefined : datasetImages(dataset),
    score: dataset === null ? undefined : validationScore(dataset, job?.training),
  });
  return { ...report, out: resolve(out), snippets: snippetsFor(resolve(out), report) };
};
