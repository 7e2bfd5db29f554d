/** A detector with its adapter as one ONNX file that Ultralytics, and whatever reads its exports, runs. */
import { loadOnnx } from '../../engines/onnxruntime.ts';
import { eliminateDeadCode } from '../../graph/passes/eliminate-dead-code.ts';
import type { Base, Detection } from '../../models/base.ts';
import { InputError } from '../../shared/errors.ts';
import { inputSize } from '../../shared/preprocessing.ts';
import type { Preprocessing } from '../../shared/preprocessing.ts';
import type { ExportFormat, ExportSite, Images } from '../format.ts';
import { inferenceGraph } from '../inference-graph.ts';
import { writePlainOnnx } from '../merged-onnx.ts';
import { detectorMetadata } from '../metadata.ts';
import { referenceGraph } from '../reference.ts';
import { compareDetector } from './compare-detector.ts';
import type { DetectorComparison } from './compare-detector.ts';
import { decodedGraph } from './decoded.ts';
import { forSingleImage } from './single-image.ts';

/** Of the largest raw output, as of a classifier's largest logit: the same numbers in another order of summation. */
const LIMIT = 1e-4;

/** Throws an `InputError` for a format that detectors are not written in. */
export function checkDetectorFormat({ name }: ExportFormat): void {
  if (name !== 'onnx-fp32')
    throw new InputError(`detectors are written as onnx-fp32 yet, not as ${name}`, { field: 'format' });
}

/** Writes `staged` and compares it with base and adapter side by side. Throws an `InputError` where they differ; `out` names it. */
export async function writeDetector(
  site: ExportSite & { readonly detection: Detection },
  images: Images,
  { staged, out }: { readonly staged: string; readonly out: string },
): Promise<DetectorComparison> {
  const { base, merged, adapter, engine, threads, detection } = site;
  const { preprocessing } = merged;
  const size = inputSize(preprocessing);
  const sized = { ...merged, graph: merged.detection!.atSize(size) };
  const whole = decodedGraph(sized.graph, detection, size);
  const graph = await inferenceGraph({ ...site, merged: { ...merged, graph: eliminateDeadCode(whole) } });
  await writePlainOnnx(staged, graph, {
    metadata: detectorMetadata(site, detection),
    adjust: forSingleImage,
  });
  const beside = referenceGraph(atSize(base, detection, preprocessing), adapter, 1);
  const reference = await engine.compile(eliminateDeadCode(decodedGraph(beside, detection, size, true)), { threads });
  try {
    const exported = await loadOnnx(staged, { threads });
    try {
      const comparison = await compareDetector(reference, exported, images, preprocessing);
      const worst = Math.max(comparison.boxes, comparison.difference.largest);
      if (!(worst <= LIMIT * Math.max(1, comparison.largestRaw)))
        throw new InputError(`not written: the model differs from base and adapter by ${worst.toPrecision(2)}`, {
          file: out,
        });
      return comparison;
    } finally {
      await exported.release();
    }
  } finally {
    await reference.release();
  }
}

function atSize(base: Base, detection: Detection, preprocessing: Preprocessing): Base {
  return { ...base, graph: detection.atSize(inputSize(preprocessing)) };
}
