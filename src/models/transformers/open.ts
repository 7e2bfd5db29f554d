/** A Hugging Face model folder: config.json says what to build, the safetensors hold the weights. */
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { readJson } from '../../formats/json.ts';
import { openWeights } from '../../formats/safetensors.ts';
import { createGraph } from '../../graph/registry.ts';
import { known, symbol } from '../../graph/shape.ts';
import { zeros } from '../../graph/tensor.ts';
import { InputError } from '../../shared/errors.ts';
import { inputSize } from '../../shared/preprocessing.ts';
import { BATCH, LOGITS, PIXELS } from '../base.ts';
import type { Base, BaseIdentity } from '../base.ts';
import { FAMILIES } from './families.ts';
import type { Family } from './family.ts';
import { linear } from '../../graph/build.ts';
import { openParameters } from './parameters.ts';
import type { Parameters } from './parameters.ts';
import { readPreprocessing } from './preprocessor.ts';

/** ImageNet-21k has 21 843 classes. */
const MAX_LABELS = 100_000;

const headSchema = z.object({
  model_type: z.string(),
  id2label: z.record(z.string().regex(/^\d+$/), z.string()).optional(),
});

/** Opens a model folder. `origin` names a hub model and its commit where the folder is a download. */
export async function openTransformers(
  directory: string,
  origin: Pick<BaseIdentity, 'source' | 'revision'> = { source: resolve(directory) },
): Promise<Base> {
  const file = join(directory, 'config.json');
  const { model_type: modelType, id2label } = readJson(file, headSchema);
  const family = familyOf(modelType, file);
  const config = readJson(file, family.config);
  const preprocessing = readPreprocessing(directory, family.imageSize(config));
  const { height, width } = inputSize(preprocessing);
  const weights = openWeights(directory);
  try {
    const prefix = family.prefix(modelType);
    const parameters = openParameters(weights, join(directory, 'model.safetensors'), family.renaming, prefix);
    const graph = createGraph();
    const pixels = graph.input(PIXELS, [symbol(BATCH), 3, height, width]);
    const parameter = (name: string, shape: readonly number[]) => parameters.constant(graph, name, shape);
    const features = family.features({ config, prefix, pixels, parameter, has: (name) => parameters.has(name) });
    const labels = labelsOf(id2label, parameters.has(`${family.head}.weight`));
    const count = known(features.shape[1], 'the feature dimension');
    graph.output(LOGITS, head(features, count, labels?.length, parameters, family.head));
    return {
      name: basename(origin.source),
      family: modelType,
      identity: { ...origin, sha256: await weights.sha256(), fusedBatchNorm: false },
      graph,
      head: family.head,
      labels: labels?.every((label, index) => label === `LABEL_${index}`) ? undefined : labels,
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
  throw new InputError(`"${modelType}" is not supported; supported are ${supported}, and others as ONNX files`, {
    file,
    field: 'model_type',
  });
}

/** Class names by number; undefined for a checkpoint without a head. */
function labelsOf(id2label: Readonly<Record<string, string>> | undefined, hasHead: boolean): string[] | undefined {
  if (!hasHead || id2label === undefined) return undefined;
  const count = Object.keys(id2label).length;
  if (count > MAX_LABELS) throw new InputError(`${count} classes are more than ${MAX_LABELS}`, { field: 'id2label' });
  return Array.from({ length: count }, (_, index) => id2label[String(index)] ?? `LABEL_${index}`);
}

/** A bare encoder gets a head of one zero row: training always puts a new one in its place. */
function head(
  features: ReturnType<typeof linear>,
  count: number,
  classes: number | undefined,
  parameters: Parameters,
  path: string,
) {
  const { graph } = features;
  if (classes === undefined)
    return linear(features, graph.constant(zeros('float32', [1, count]), `${path}.weight`), undefined, path);
  const weight = parameters.constant(graph, `${path}.weight`, [classes, count]);
  return linear(features, weight, parameters.constant(graph, `${path}.bias`, [classes]), path);
}
