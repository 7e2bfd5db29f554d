/** The merged model as a Hugging Face directory: the base's own files with other weights, classes and preprocessing. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { writeFileAtomic } from '../formats/atomic-write.ts';
import { asFloat32, openWeights, writeSafetensors } from '../formats/safetensors.ts';
import type { Tensor } from '../graph/tensor.ts';
import { LOGITS } from '../models/base.ts';
import type { Base } from '../models/base.ts';
import { frozenTensors } from '../models/frozen.ts';
import { openTransformers } from '../models/transformers/open.ts';
import { PREPROCESSOR_FILE } from '../models/transformers/preprocessor.ts';
import type { Preprocessing } from '../shared/preprocessing.ts';
import { folderOf } from './base-folder.ts';
import type { ExportFormat, ExportSite } from './format.ts';
import { editJsonText } from './json-text.ts';
import { storedWeights } from './stored-weights.ts';

const CONFIG_FILE = 'config.json';

export const transformers: ExportFormat = {
  name: 'transformers',
  title: 'Hugging Face directory',
  output: 'directory',
  calibrates: false,
  // Read again and run by the same engine: nothing but the merging of the weights rounds.
  limits: { difference: 1e-4, tie: 1e-4, agreement: 1 },
  async write({ base, merged }, { staged }) {
    const folder = await folderOf(base);
    // The base was opened from these files, so they are JSON.
    const config = readFileSync(join(folder, CONFIG_FILE), 'utf8');
    const classes = editJsonText(config, (fields) => configOf(fields, merged));
    await writeFileAtomic(join(staged, CONFIG_FILE), classes);
    const given = join(folder, PREPROCESSOR_FILE);
    const kept = existsSync(given) && samePreprocessing(base.preprocessing, merged.preprocessing);
    const processor = kept ? readFileSync(given) : `${JSON.stringify(processorOf(merged.preprocessing), null, 2)}\n`;
    await writeFileAtomic(join(staged, PREPROCESSOR_FILE), processor);
    await writeSafetensors(join(staged, 'model.safetensors'), weightsOf(folder, base, merged), { format: 'pt' });
  },
  async open({ engine, threads }: ExportSite, { staged }) {
    const { graph } = await openTransformers(staged);
    return await engine.compile(graph, { threads });
  },
};

/** All of the base's tensors under the names they have on the disk, in float32; those that merging changed replaced. */
function weightsOf(folder: string, base: Base, merged: Base): Map<string, Tensor> {
  const [before, after] = [frozenTensors(base.graph), frozenTensors(merged.graph)];
  const changed = new Map([...after].filter(([name, tensor]) => before.get(name) !== tensor));
  const weights = openWeights(folder);
  try {
    const own = new Map(
      weights.names().map((name): [string, Tensor] => {
        const tensor = weights.read(name);
        return [name, tensor.dtype === 'float16' ? asFloat32(tensor) : tensor];
      }),
    );
    return storedWeights(own, changed, base.family);
  } finally {
    weights.close();
  }
}

/** The base's config.json with the classes of the merged model. */
function configOf(config: Readonly<Record<string, unknown>>, { labels, graph }: Base): Record<string, unknown> {
  const count = graph.outputs.get(LOGITS)!.shape[1] as number;
  const names = labels ?? Array.from({ length: count }, (_, index) => `LABEL_${index}`);
  const architectures = z.array(z.string()).safeParse(config['architectures']).data;
  return {
    ...config,
    ...(architectures && { architectures: architectures.map(classifierOf) }),
    id2label: Object.fromEntries(names.map((name, index) => [index, name])),
    label2id: Object.fromEntries(names.map((name, index) => [name, index])),
    ...('num_labels' in config && { num_labels: count }),
    ...('torch_dtype' in config && { torch_dtype: 'float32' }),
    ...('dtype' in config && { dtype: 'float32' }),
  };
}

/** The class of transformers that has a head: of an encoder, or of one with another head, its classifier. */
function classifierOf(name: string): string {
  return name.includes('ForImageClassification') ? name : name.replace(/(For\w+|Model)$/, 'ForImageClassification');
}

const samePreprocessing = (a: Preprocessing, b: Preprocessing): boolean => JSON.stringify(a) === JSON.stringify(b);

/** PIL's numbers of its filters. */
const RESAMPLE = { nearest: 0, lanczos: 1, bilinear: 2, bicubic: 3 } as const satisfies Record<
  Preprocessing['interpolation'],
  number
>;

/** A preprocessor_config.json for preprocessing that is not the base's own. */
function processorOf({ resize, crop, interpolation, mean, std }: Preprocessing): Record<string, unknown> {
  const exact = resize.mode === 'exact';
  return {
    // The processors that resize so: ViT's knows no crop, Bit's takes the shorter edge.
    image_processor_type: `${exact ? (crop === null ? 'ViT' : 'DeiT') : 'Bit'}ImageProcessor`,
    do_resize: true,
    size: exact ? { height: resize.height, width: resize.width } : { shortest_edge: resize.edge },
    resample: RESAMPLE[interpolation],
    do_center_crop: crop !== null,
    ...(crop !== null && { crop_size: crop }),
    do_rescale: true,
    rescale_factor: 1 / 255,
    do_normalize: true,
    image_mean: mean,
    image_std: std,
  };
}
