/** An adapter and its base as files that others run: the one function behind `lowrank merge` and the editor's export. */
import { statSync } from 'node:fs';
import type { Engine } from '../engines/engine.ts';
import { openSafetensors } from '../formats/safetensors.ts';
import { mergeIntoBase } from '../lora/merge-base.ts';
import { readTrained, weightsFileOf } from '../lora/trained.ts';
import { countParameters } from '../models/frozen.ts';
import { openBase } from '../models/open-base.ts';
import { InputError } from '../shared/errors.ts';
import type { ExportReport } from '../shared/export-report.ts';
import type { Preprocessing } from '../shared/preprocessing.ts';
import { detectorFormOf, writeDetector } from './detector/export-detector.ts';
import type { ScoreDetector } from './detector/score.ts';
import { BATCH_SIZE, compare } from './compare.ts';
import type { Comparison } from './compare.ts';
import type { ExportFormat, ExportSite, Images, ImageSource } from './format.ts';
import { EXPORT_FORMATS, formatOf } from './formats.ts';
import { noiseImages, picked } from './pixels.ts';
import { referenceGraph } from './reference.ts';
import { stageDirectory, stageFile } from './stage.ts';

export interface ExportRequest {
  /** An adapter's folder: a run's `best/` or `adapter/`, or any PEFT directory. */
  readonly adapter: string;
  /** What `openBase` opens. */
  readonly base: string;
  /** A name out of `EXPORT_FORMATS` (formats.ts). */
  readonly format: string;
  /** The file or, by the format, the folder to write. */
  readonly out: string;
  readonly engine: Engine;
  /** To calibrate on and compare with; without them noise is compared with, and formats that calibrate are refused. */
  readonly images?: ImageSource | undefined;
  /** To measure a detector on the validation images. */
  readonly score?: ScoreDetector | undefined;
  readonly threads?: number | undefined;
}

/** Each moves the share that agrees by less than 1 %; more would only take longer. */
const COMPARED_IMAGES = 128;
/** Ranges of activations settle long before. */
const CALIBRATION_IMAGES = 64;
/** Noise tells whether the numbers are right, not how often. */
const NOISE_IMAGES = 16;

/**
 * Merges, writes, and compares what was written with base and adapter side by side. Throws InputError for what cannot be opened or does
 * not fit together, and where the export differs by more than its format allows; then nothing is left behind.
 */
export async function exportModel(request: ExportRequest): Promise<ExportReport> {
  const { out, engine, threads, score } = request;
  const format = formatOf(request.format);
  const adapter = readTrained(request.adapter);
  const base = await openBase(request.base);
  const { detection } = base;
  const form = detection && detectorFormOf(format, EXPORT_FORMATS);
  const merged = mergeIntoBase(base, adapter, request.adapter);
  const images = await imagesFor(format, merged.preprocessing, request.images);
  const weights = weightsFileOf(request.adapter);
  const adapterHash = await hashOf(weights);
  const { calibration } = images;
  const site: ExportSite = { base, adapter, merged, adapterHash, engine, threads, calibration };
  const stage = format.output === 'directory' ? stageDirectory : stageFile;
  const { result, files } = await stage(out, async (staged) => {
    const place = { staged, out };
    if (detection && form)
      return await writeDetector({ ...site, detection, format, form, score }, images.compared, place);
    await format.write(site, place);
    const comparison = await compareWith(format, site, place, images.compared);
    refuseDifferent(comparison, format, images.compared.shape[0]!, out);
    return { ...comparison, detection: null };
  });
  return {
    format: format.name,
    files,
    bytes: files.reduce((sum, file) => sum + statSync(file).size, 0),
    referenceBytes: countParameters(base.graph) * Float32Array.BYTES_PER_ELEMENT + statSync(weights).size,
    images: images.compared.shape[0]!,
    realImages: images.real,
    ...result,
    labels: merged.labels ?? null,
    preprocessing: merged.preprocessing,
    notes: adapter.warnings,
  };
}

interface ChosenImages {
  readonly compared: Images;
  readonly calibration: Images | undefined;
  readonly real: boolean;
}

async function imagesFor(
  { name, calibrates }: ExportFormat,
  preprocessing: Preprocessing,
  source: ImageSource | undefined,
): Promise<ChosenImages> {
  if (source === undefined) {
    if (calibrates) throw new InputError(`${name} takes the ranges of activations from images; name a dataset`);
    return { compared: noiseImages(preprocessing, NOISE_IMAGES), calibration: undefined, real: false };
  }
  const images = await source(preprocessing, COMPARED_IMAGES + (calibrates ? CALIBRATION_IMAGES : 0));
  const count = images.shape[0]!;
  if (count === 0) throw new InputError('there is no image to compare the export with');
  if (!calibrates) return { compared: images, calibration: undefined, real: true };
  // A few images must do for both; of more, every third is calibrated on and the others compared.
  if (count < BATCH_SIZE) return { compared: images, calibration: images, real: true };
  return {
    compared: picked(images, (image) => image % 3 !== 0),
    calibration: picked(images, (image) => image % 3 === 0),
    real: true,
  };
}

async function compareWith(
  format: ExportFormat,
  site: ExportSite,
  place: { readonly staged: string; readonly out: string },
  images: Images,
): Promise<Comparison> {
  const { engine, threads, base, adapter, merged } = site;
  const reference = await engine.compile(referenceGraph(base, adapter, BATCH_SIZE), { threads });
  try {
    const exported = await format.open(site, place);
    try {
      const { preprocessing } = merged;
      return await compare(reference, exported, images, { preprocessing, tie: format.limits.tie });
    } finally {
      await exported.release();
    }
  } finally {
    await reference.release();
  }
}

function refuseDifferent(
  { difference: { largest, largestLogit }, changed }: Comparison,
  { name, limits }: ExportFormat,
  images: number,
  out: string,
): void {
  const kept = 1 - changed / images;
  if (largest <= limits.difference * largestLogit && kept >= limits.agreement) return;
  throw new InputError(
    `not written: as ${name} the model differs from base and adapter by ${((100 * largest) / largestLogit).toPrecision(2)} % of the largest logit ` +
      `(${100 * limits.difference} % are allowed) and changes the class of ${changed} of ${images} images; choose a wider format`,
    { file: out },
  );
}

async function hashOf(file: string): Promise<string> {
  const weights = openSafetensors(file);
  try {
    return await weights.sha256();
  } finally {
    weights.close();
  }
}
