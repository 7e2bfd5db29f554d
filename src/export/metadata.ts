/**
 * What an exported ONNX file says of itself (`metadata_props`): its classes, how an image becomes its input, what it was made from.
 *
 * `lowrank.*` are JSON. `names`, `task` and `imgsz` are the same as readers of Ultralytics' exports look for them: Python literals.
 */
import { LOGITS, PIXELS } from '../models/base.ts';
import type { Base, Detection } from '../models/base.ts';
import { BRANCH_KEY, CLASSES_KEY, PREPROCESSING_KEY } from '../models/onnx/metadata.ts';
import { inputSize } from '../shared/preprocessing.ts';
import type { ExportSite } from './format.ts';

/** JSON of `Base.identity`: what the weights came from. */
export const BASE_KEY = 'lowrank.base';
const ADAPTER_KEY = 'lowrank.adapter';

/** Of base and adapter as one model. */
export function mergedMetadata({ merged, adapterHash }: ExportSite): Record<string, string> {
  return { ...baseMetadata(merged), [ADAPTER_KEY]: JSON.stringify({ sha256: adapterHash }) };
}

/** Of a detector: what Ultralytics reads of its own exports, and how to make its input. */
export function detectorMetadata(site: ExportSite, { strides, branches }: Detection): Record<string, string> {
  return {
    ...mergedMetadata(site),
    task: 'detect',
    stride: String(Math.max(...strides)),
    batch: '1',
    channels: '3',
    // Boxes of all anchors, whichever branch they are from: suppression is left to the reader.
    end2end: 'False',
    [BRANCH_KEY]: branches.at(-1)!.name,
    description: `images: RGB 0…1, letterboxed; output0: [4 + classes, anchors], boxes as centre and size in pixels`,
  };
}

export function baseMetadata({ labels, preprocessing, identity }: Base): Record<string, string> {
  const { height, width } = inputSize(preprocessing);
  return {
    ...(labels === undefined ? {} : { [CLASSES_KEY]: JSON.stringify(labels), names: pythonDictionary(labels) }),
    [PREPROCESSING_KEY]: JSON.stringify(preprocessing),
    [BASE_KEY]: JSON.stringify(identity),
    task: 'classify',
    imgsz: `[${height}, ${width}]`,
    description: `${PIXELS}: RGB images, resized and normalised as ${PREPROCESSING_KEY} says; ${LOGITS}: one a class`,
  };
}

/** `{0: "cat", 1: "dog"}`, which Python's `ast.literal_eval` reads: the escapes of a JSON string are Python's too. */
function pythonDictionary(labels: readonly string[]): string {
  return `{${labels.map((label, index) => `${index}: ${JSON.stringify(label)}`).join(', ')}}`;
}
