/**
 * What an exported ONNX file says of itself (`metadata_props`): its classes, how an image becomes its input, what it was made from.
 *
 * `lowrank.*` are JSON. `names`, `task` and `imgsz` are the same as readers of Ultralytics' exports look for them: Python literals.
 */
import { LOGITS, PIXELS } from '../models/base.ts';
import { inputSize } from '../shared/preprocessing.ts';
import type { ExportSite } from './format.ts';

export const METADATA = {
  classes: 'lowrank.classes',
  preprocessing: 'lowrank.preprocessing',
  base: 'lowrank.base',
  adapter: 'lowrank.adapter',
} as const;

/** Of base and adapter as one model. */
export function mergedMetadata({ merged, adapterHash }: ExportSite): Record<string, string> {
  const { labels, preprocessing, identity } = merged;
  const { height, width } = inputSize(preprocessing);
  return {
    ...(labels === undefined ? {} : { [METADATA.classes]: JSON.stringify(labels), names: pythonDictionary(labels) }),
    [METADATA.preprocessing]: JSON.stringify(preprocessing),
    [METADATA.base]: JSON.stringify(identity),
    [METADATA.adapter]: JSON.stringify({ sha256: adapterHash }),
    task: 'classify',
    imgsz: `[${height}, ${width}]`,
    description: `${PIXELS}: float32, RGB, resized and normalised as ${METADATA.preprocessing} says; ${LOGITS}: one a class`,
  };
}

/** `{0: "cat", 1: "dog"}`, which Python's `ast.literal_eval` reads: the escapes of a JSON string are Python's too. */
function pythonDictionary(labels: readonly string[]): string {
  return `{${labels.map((label, index) => `${index}: ${JSON.stringify(label)}`).join(', ')}}`;
}
