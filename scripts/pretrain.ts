/**
 * Trains the base that is shipped as `sample`: a small vision transformer, from random weights, on the clean drawings of the sample's shapes,
 * by Lowrank's own trainer in `full` mode. The same seed, engine, processor and number of threads give the same weights again.
 *
 *   npm run pretrain [-- FOLDER]     default assets/sample-base
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { copyFile, mkdir } from 'node:fs/promises';
import { writeSample } from '../src/data/sample.ts';
import { SAMPLE_SIDE } from '../src/data/sample-image.ts';
import { SAMPLE_CLASSES } from '../src/data/sample-shapes.ts';
import { openTransformers } from '../src/models/transformers/open.ts';
import { halvesOfFloats } from '../src/formats/half.ts';
import { openSafetensors, writeSafetensors } from '../src/formats/safetensors.ts';
import type { Tensor } from '../src/graph/tensor.ts';
import { readTrained } from '../src/lora/trained.ts';
import { jobSchema } from '../src/shared/job.ts';
import { RUN_PATHS } from '../src/shared/run/layout.ts';
import { pretrainedRun } from './pretrained-run.ts';
import { writeRandomVit } from './random-vit.ts';

const SEED = 20260101;
const IMAGES_PER_CLASS = { train: 1500, validation: 100 };

const out = resolve(process.argv[2] ?? 'assets/sample-base');
const work = mkdtempSync(join(tmpdir(), 'lowrank-pretrain-'));
const [data, start] = [join(work, 'clean'), join(work, 'random-vit')];
await writeSample(data, { seed: SEED, domain: 'clean', ...IMAGES_PER_CLASS });
// Class folders are read in the order of their names, and labels follow them.
const labels = [...SAMPLE_CLASSES].sort();
await writeRandomVit(start, { width: 128, layers: 4, heads: 4, image: SAMPLE_SIDE, patch: 8, labels }, SEED);
const job = jobSchema.parse({
  name: 'sample-base',
  data,
  base: start,
  method: 'full',
  training: { epochs: 16, batch: 64, learningRate: 1e-3, warmup: 0.1, weightDecay: 0.05, seed: SEED },
  augmentation: { flip: 0.5 },
});
const folder = await pretrainedRun(job, work);

// Half precision halves what a clone downloads; the sample's task does not feel the difference.
const trained = readTrained(join(folder, RUN_PATHS.adapter)).saved;
const weights = openSafetensors(join(start, 'model.safetensors'));
// The trainer speaks of transformers 5's names; the file keeps those that every release reads.
const { aliases } = await openTransformers(start);
const names = new Map(
  weights.names().map((name) => {
    const dot = name.lastIndexOf('.');
    return [`${aliases.get(name.slice(0, dot)) ?? name.slice(0, dot)}${name.slice(dot)}`, name];
  }),
);
const tensors = new Map<string, Tensor>();
for (const [name, { shape, data: floats }] of trained) {
  tensors.set(names.get(name)!, { dtype: 'float16', shape, data: halvesOfFloats(floats as Float32Array) });
}
weights.close();
await mkdir(out, { recursive: true });
await writeSafetensors(join(out, 'model.safetensors'), tensors, { format: 'pt' });
for (const name of ['config.json', 'preprocessor_config.json']) await copyFile(join(start, name), join(out, name));
rmSync(work, { recursive: true, force: true });
