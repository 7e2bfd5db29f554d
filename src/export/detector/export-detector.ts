/** A detector with its adapter as one ONNX file that Ultralytics, and whatever reads its exports, runs. */
import type { Program } from '../../engines/engine.ts';
import { loadOnnx } from '../../engines/onnxruntime.ts';
import { eliminateDeadCode } from '../../graph/passes/eliminate-dead-code.ts';
import type { Base, Detection } from '../../models/base.ts';
import { InputError } from '../../shared/errors.ts';
import type { DetectorFigures } from '../../shared/export-report.ts';
import { inputSize } from '../../shared/preprocessing.ts';
import type { Preprocessing } from '../../shared/preprocessing.ts';
import type { Comparison } from '../compare.ts';
import type { DetectorForm, ExportFormat, ExportSite, Images } from '../format.ts';
import { inferenceGraph } from '../inference-graph.ts';
import { writePlainOnnx } from '../merged-onnx.ts';
import { detectorMetadata } from '../metadata.ts';
import { pixelsOf } from '../pixels.ts';
import { referenceGraph } from '../reference.ts';
import { compareDetector } from './compare-detector.ts';
import { decodedGraph, INPUT, OUTPUT, rawGraph } from './decoded.ts';
import { namedParameters } from './named-parameters.ts';
import type { DecodedDetector, ScoreDetector } from './score.ts';
import { forSingleImage } from './single-image.ts';

/** How `format` writes detectors. Throws an `InputError` for one that detectors are not written in, which names those that are. */
export function detectorFormOf(format: ExportFormat, formats: readonly ExportFormat[]): DetectorForm {
  if (format.detector !== undefined) return format.detector;
  const names = formats.filter(({ detector }) => detector !== undefined).map(({ name }) => name);
  throw new InputError(`detectors are written as ${names.join(', ')}, not as ${format.name}`, { field: 'format' });
}

/** Of mean average precision, in parts of it: beyond lies a layer that cannot be written so. */
const MAX_LOSS = 0.1;

export interface DetectorSite extends ExportSite {
  readonly detection: Detection;
  readonly format: ExportFormat;
  readonly form: DetectorForm;
  /** Undefined where there are no images with boxes. */
  readonly score: ScoreDetector | undefined;
}

/** Writes `staged` and compares it with base and adapter side by side. Throws an `InputError` where they differ; `out` names it. */
export async function writeDetector(
  site: DetectorSite,
  images: Images,
  { staged, out }: { readonly staged: string; readonly out: string },
): Promise<Comparison & { readonly detection: DetectorFigures }> {
  const { base, merged, adapter, engine, threads, detection, format, form } = site;
  const { preprocessing } = merged;
  const size = inputSize(preprocessing);
  const branch = detection.branches.at(-1)!;
  const network = rawGraph(merged.detection!.atSize(size), branch);
  const narrow = await form.narrow(
    await inferenceGraph({ ...site, merged: { ...merged, graph: network } }),
    site,
    images,
  );
  await writePlainOnnx(staged, decodedGraph(namedParameters(narrow), detection, size), {
    metadata: detectorMetadata(site, detection),
    adjust: forSingleImage,
  });
  const beside = referenceGraph(atSize(base, detection, preprocessing), adapter, 1);
  const reference = await engine.compile(eliminateDeadCode(decodedGraph(beside, detection, size, true)), { threads });
  try {
    const exported = await loadOnnx(staged, { threads });
    try {
      const { boxes, largestRaw, ...comparison } = await compareDetector(reference, exported, images, preprocessing);
      const limit = form.limit * (form.ofRaw ? Math.max(1, largestRaw) : 1);
      const { largest } = comparison.difference;
      if (!(Math.max(boxes, largest) <= limit))
        throw new InputError(
          `not written: as ${format.name} a box is off by ${boxes.toPrecision(2)} of the picture's side and a score by ` +
            `${largest.toPrecision(2)} from base and adapter, where ${limit.toPrecision(2)} is allowed; choose a wider format`,
          { file: out },
        );
      const validation = await validated(site, { exported, reference });
      if (validation !== null) refuseWorse(validation, out);
      return { ...comparison, detection: { boxes, validation } };
    } finally {
      await exported.release();
    }
  } finally {
    await reference.release();
  }
}

async function validated(
  { merged: { labels, preprocessing }, detection, score }: DetectorSite,
  programs: { readonly exported: Program; readonly reference: Program },
): Promise<DetectorFigures['validation']> {
  if (score === undefined || labels === undefined) return null;
  const isEndToEnd = detection.branches.at(-1)!.name === 'one2one';
  const detector = (program: Program): DecodedDetector => ({
    labels,
    side: inputSize(preprocessing).width,
    isEndToEnd,
    run: async (picture) => {
      const { [OUTPUT]: found } = await program.run({ [INPUT]: pixelsOf(picture, preprocessing, 0, 1) });
      return { values: found!.data as Float32Array, anchors: found!.shape[2]! };
    },
  });
  const exported = await score(detector(programs.exported));
  const reference = exported && (await score(detector(programs.reference)));
  return exported && reference && { images: exported.images, exported: exported.score, reference: reference.score };
}

function refuseWorse({ exported, reference }: NonNullable<DetectorFigures['validation']>, out: string): void {
  if (exported.map >= (1 - MAX_LOSS) * reference.map) return;
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  throw new InputError(
    `not written: its mAP50-95 is ${percent(exported.map)}, that of base and adapter ${percent(reference.map)}; choose a wider format`,
    { file: out },
  );
}

function atSize(base: Base, detection: Detection, preprocessing: Preprocessing): Base {
  return { ...base, graph: detection.atSize(inputSize(preprocessing)) };
}
