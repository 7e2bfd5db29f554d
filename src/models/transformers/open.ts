/** A Hugging Face model folder: config.json says what to build, the safetensors hold the weights. */
import { basename, join, resolve } from 'node:path';
import * as z from 'zod';
import { readJson } from '../../formats/json.ts';
import { printable } from '../../formats/printable.ts';
import { openWeights } from '../../formats/safetensors.ts';
import { add, linear, mul } from '../../graph/build.ts';
import type { Value } from '../../graph/ir.ts';
import { createGraph } from '../../graph/registry.ts';
import { known, symbol } from '../../graph/shape.ts';
import { zeros } from '../../graph/tensor.ts';
import { InputError } from '../../shared/errors.ts';
import { inputSize } from '../../shared/preprocessing.ts';
import type { Preprocessing } from '../../shared/preprocessing.ts';
import { BATCH, LOGITS, PIXELS } from '../base.ts';
import type { Base, BaseIdentity } from '../base.ts';
import { FAMILIES } from './families.ts';
import type { Family } from './family.ts';
import type { Extent } from './limits.ts';
import { openParameters } from './parameters.ts';
import type { Parameters } from './parameters.ts';
import { PREPROCESSOR_FILE, readPreprocessing } from './preprocessor.ts';

const CONFIG_FILE = 'config.json';

const commonSchema = z.object({
  model_type: z.string(),
  id2label: z.record(z.string().regex(/^\d+$/), z.string()).optional(),
});

/**
 * Opens a model folder. `origin` names a hub model and its commit where the folder is a download.
 * Throws InputError for a family that is not known, and for files that contradict each other.
 */
export async function openTransformers(
  directory: string,
  origin: Pick<BaseIdentity, 'source' | 'revision'> = { source: resolve(directory) },
): Promise<Base> {
  const file = join(directory, CONFIG_FILE);
  const { model_type: modelType, id2label } = readJson(file, commonSchema);
  const family = familyOf(modelType, file);
  const config = readJson(file, family.config);
  const size = family.imageSize?.(config);
  const preprocessing = readPreprocessing(directory, {
    usual: family.processor,
    known: FAMILIES.map(({ processor }) => processor),
    imageSize: size,
  });
  if (size !== undefined) checkSize(preprocessing, size, directory);
  const weights = openWeights(directory);
  try {
    const { olderNames } = family;
    const parameters = openParameters(weights, directory, { olderNames, prefix: modelType });
    const heads = family.heads((name) => parameters.has(name));
    const classes = classesOf(heads, parameters);
    const labels = labelsOf(id2label, classes, file);
    const graph = createGraph();
    const { height, width } = inputSize(preprocessing);
    const features = family.features({
      config,
      file,
      prefix: modelType,
      heads,
      pixels: graph.input(PIXELS, [symbol(BATCH), 3, height, width]),
      parameter: (name, shape) => parameters.constant(graph, name, shape),
    });
    graph.output(LOGITS, mean(heads.map((head, index) => logits(head, features[index]!, classes, parameters))));
    parameters.refuseFurtherLayers();
    return {
      name: basename(origin.source),
      family: modelType,
      identity: { ...origin, sha256: await weights.sha256(), fusedBatchNorm: false },
      graph,
      heads,
      labels,
      preprocessing,
      aliases: parameters.aliases,
    };
  } finally {
    weights.close();
  }
}

function familyOf(modelType: string, file: string): Family {
  const family = FAMILIES.find(({ modelTypes }) => modelTypes.includes(modelType));
  if (family !== undefined) return family;
  const supported = FAMILIES.flatMap(({ modelTypes }) => modelTypes).join(', ');
  throw new InputError(
    `"${printable(modelType)}" is not supported; supported are ${supported}, and others as ONNX files`,
    {
      file,
      field: 'model_type',
    },
  );
}

function checkSize(preprocessing: Preprocessing, { height, width }: Extent, directory: string): void {
  const made = inputSize(preprocessing);
  if (made.height === height && made.width === width) return;
  throw new InputError(
    `makes images of ${made.width}×${made.height} pixels, the image_size of ${CONFIG_FILE} is ${width}×${height}`,
    { file: join(directory, PREPROCESSOR_FILE) },
  );
}

/** Rows of the heads; undefined for a checkpoint without one. */
function classesOf(heads: readonly string[], parameters: Parameters): number | undefined {
  const stored = heads.map((head) => `${head}.weight`).find((name) => parameters.has(name));
  return stored === undefined ? undefined : parameters.rows(stored);
}

/** Class names in the order of the logits; undefined where nobody named them. */
function labelsOf(
  id2label: Readonly<Record<string, string>> | undefined,
  classes: number | undefined,
  file: string,
): string[] | undefined {
  if (id2label === undefined || classes === undefined) return undefined;
  const count = Object.keys(id2label).length;
  if (count !== classes) {
    throw new InputError(`names ${count} classes, but the head has ${classes} rows`, { file, field: 'id2label' });
  }
  const labels = Array.from({ length: count }, (_, index) => id2label[index] ?? `LABEL_${index}`);
  return labels.every((label, index) => label === `LABEL_${index}`) ? undefined : labels;
}

/** A bare encoder gets a head of one zero row: training always puts a new one in its place. */
function logits(head: string, features: Value, classes: number | undefined, parameters: Parameters): Value {
  const { graph } = features;
  const width = known(features.shape[1], 'the feature dimension');
  const parameter = (name: string, shape: readonly number[]): Value =>
    classes === undefined ? graph.constant(zeros('float32', shape), name) : parameters.constant(graph, name, shape);
  const rows = classes ?? 1;
  return linear(features, parameter(`${head}.weight`, [rows, width]), parameter(`${head}.bias`, [rows]), head);
}

function mean(values: readonly Value[]): Value {
  const sum = values.reduce(add);
  return values.length === 1 ? sum : mul(sum, 1 / values.length);
}
