/** What a model's metadata tell of its classes and of its images: our own exports tell all, others some, most nothing. */
import * as z from 'zod';
import { parseJson } from '../../formats/json.ts';
import { InputError } from '../../shared/errors.ts';
import type { ImageSize } from '../base.ts';
import { inputSize, preprocessingSchema } from '../../shared/preprocessing.ts';
import type { Preprocessing } from '../../shared/preprocessing.ts';
import { DEFAULT_SIDE, MAX_SIDE } from './limits.ts';

/** JSON in our exports: an array of names, and a `Preprocessing`. */
export const CLASSES_KEY = 'lowrank.classes';
export const PREPROCESSING_KEY = 'lowrank.preprocessing';

/** The branch of an end-to-end detector that its boxes are from, `one2many` or `one2one`. */
export const BRANCH_KEY = 'lowrank.branch';

export type Metadata = ReadonlyMap<string, string>;

/** Keys of others: a list or a dictionary by number, in JSON or in Python's words. */
const LABEL_KEYS = ['names', 'labels', 'id2label', 'classes'];

/** Of the networks trained on ImageNet, which most are: the shorter side to 256, then 224 pixels out of the middle. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], share: 224 / 256 } as const;

/** Class names in the order of the logits; undefined where they are not told, or are not as many as the logits. */
export function readLabels(metadata: Metadata, count: number, file: string): string[] | undefined {
  const own = metadata.get(CLASSES_KEY);
  if (own !== undefined) {
    const labels = parseJson(own, `${file}: ${CLASSES_KEY}`, z.array(z.string()));
    if (labels.length === count) return labels;
    throw new InputError(`tells ${labels.length} classes, but the model has ${count}`, { file, field: CLASSES_KEY });
  }
  for (const key of LABEL_KEYS) {
    const labels = listOf(metadata.get(key) ?? '');
    if (labels?.length === count) return labels;
  }
  return undefined;
}

const listSchema = z.union([
  z.array(z.string()),
  z.record(z.string().regex(/^\d+$/), z.string()).transform((names) => {
    const count = Object.keys(names).length;
    return Array.from({ length: count }, (_, index) => names[String(index)] ?? String(index));
  }),
]);

/** `["cat", "dog"]`, `{"0": "cat"}`, and Python's `{0: 'cat', 1: "dog's"}`. */
function listOf(text: string): string[] | undefined {
  const json = text
    .replace(/'((?:[^'\\]|\\.)*)'(?=\s*[,:}\]])/g, (_, content: string) => JSON.stringify(content.replace(/\\'/g, "'")))
    .replace(/([{,]\s*)(\d+)\s*:/g, '$1"$2":');
  for (const candidate of [text, json]) {
    try {
      const parsed = listSchema.safeParse(JSON.parse(candidate));
      if (parsed.success) return parsed.data;
    } catch {
      // Not this notation.
    }
  }
  return undefined;
}

/** Names by number, however many; undefined where they are not told. */
export function readNames(metadata: Metadata): string[] | undefined {
  for (const key of LABEL_KEYS) {
    const labels = listOf(metadata.get(key) ?? '');
    if (labels !== undefined) return labels;
  }
  return undefined;
}

/** The `imgsz` of Ultralytics' exports, `[height, width]` or one side; undefined where it is not told. */
export function readImageSize(metadata: Metadata): ImageSize | undefined {
  const sides = /^\[?\s*(\d{1,5})(?:\s*,\s*(\d{1,5}))?\s*\]?$/.exec(metadata.get('imgsz') ?? '');
  if (sides === null) return undefined;
  const [height, width] = [Number(sides[1]), Number(sides[2] ?? sides[1])];
  return Math.min(height, width) > 0 && Math.max(height, width) <= MAX_SIDE ? { height, width } : undefined;
}

interface ModelSize {
  /** Undefined where the model takes any. */
  readonly height: number | undefined;
  readonly width: number | undefined;
}

/** From the metadata, else as networks on ImageNet have it, for images of the model's size. */
export function readPreprocessing(metadata: Metadata, model: ModelSize, file: string): Preprocessing {
  const own = metadata.get(PREPROCESSING_KEY);
  if (own === undefined) return defaultPreprocessing(model.height ?? DEFAULT_SIDE, model.width ?? DEFAULT_SIDE);
  const preprocessing = parseJson(own, `${file}: ${PREPROCESSING_KEY}`, preprocessingSchema);
  const { height, width } = inputSize(preprocessing);
  if (height === (model.height ?? height) && width === (model.width ?? width)) return preprocessing;
  throw new InputError(`makes images of ${height}×${width}, but the model takes ${model.height}×${model.width}`, {
    file,
    field: PREPROCESSING_KEY,
  });
}

function defaultPreprocessing(height: number, width: number): Preprocessing {
  const { mean, std, share } = IMAGENET;
  const edge = Math.min(MAX_SIDE, Math.round(Math.max(height, width) / share));
  return {
    resize: { mode: 'shortest-edge', edge },
    crop: { height, width },
    interpolation: 'bilinear',
    mean: [...mean],
    std: [...std],
  };
}
