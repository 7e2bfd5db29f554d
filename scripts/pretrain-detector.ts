/**
 * Trains the detector that is shipped as `sample`: YOLO11 of an eighth of the channels, from random weights, on the clean drawings of six of
 * the sample's eight shapes, by Lowrank's own trainer in `full` mode. Of the skeleton, a checkpoint of that network, nothing but the
 * network is taken. The same seed, engine, processor and number of threads give the same weights again.
 *
 *   npm run pretrain:detector [-- --out assets/sample-detector/model.pt] [--epochs 60] [--images 1000] [--threads 4]
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeDetectionSample } from '../src/data/detection/sample.ts';
import { drawScene, SCENE_SIDE } from '../src/data/detection/sample-scene.ts';
import { SAMPLE_CLASSES } from '../src/data/sample-shapes.ts';
import { float32 } from '../src/graph/tensor.ts';
import type { Tensor } from '../src/graph/tensor.ts';
import { readTrained } from '../src/lora/trained.ts';
import { openYolo } from '../src/models/yolo/open.ts';
import { jobSchema } from '../src/shared/job.ts';
import { Random } from '../src/shared/random.ts';
import { RUN_PATHS } from '../src/shared/run/layout.ts';
import { writeDetectorWeights } from './detector-weights.ts';
import { pretrainedRun } from './pretrained-run.ts';
import { calibrate, randomWeights } from './random-detector.ts';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'assets/sample-detector/model.pt' },
    skeleton: { type: 'string', default: 'test/fixtures/yolo/drawn.pt' },
    trainer: { type: 'string', default: 'dist/trainer.js' },
    epochs: { type: 'string', default: '60' },
    images: { type: 'string', default: '1000' },
    rate: { type: 'string', default: '0.003' },
    threads: { type: 'string', default: '4' },
  },
});

const SEED = 20260101;
const NEW = ['crescent', 'triangle'];
const CALIBRATED_ON = 8;

const classes = SAMPLE_CLASSES.filter((name) => !NEW.includes(name));
const work = mkdtempSync(join(tmpdir(), 'lowrank-pretrain-'));
const [data, start, out] = [join(work, 'clean'), join(work, 'random.pt'), resolve(values.out)];
await writeDetectionSample(data, {
  seed: SEED,
  domain: 'clean',
  classes,
  train: Number(values.images),
  validation: 100,
});

const base = await openYolo(values.skeleton);
const weights = randomWeights(base, SEED);
await calibrate(base, weights, scenes());
await writeDetectorWeights(values.skeleton, start, weights);

const job = jobSchema.parse({
  name: 'sample-detector',
  data,
  base: start,
  method: 'full',
  threads: Number(values.threads),
  engine: 'onnxruntime-cpu',
  training: {
    epochs: Number(values.epochs),
    batch: 16,
    learningRate: Number(values.rate),
    warmup: 0.05,
    ema: 0.99,
    seed: SEED,
  },
});
const folder = await pretrainedRun(job, work, values.trainer);

for (const [name, { data: trained }] of readTrained(join(folder, RUN_PATHS.best)).saved) {
  weights.set(name, trained as Float32Array);
}
mkdirSync(dirname(out), { recursive: true });
await writeDetectorWeights(values.skeleton, out, weights);
rmSync(work, { recursive: true, force: true });

/** `[CALIBRATED_ON, 3, SCENE_SIDE, SCENE_SIDE]`, 0…1. */
function scenes(): Tensor<'float32'> {
  const pixels = SCENE_SIDE * SCENE_SIDE;
  const images = new Float32Array(CALIBRATED_ON * 3 * pixels);
  for (let image = 0; image < CALIBRATED_ON; image++) {
    const scene = drawScene('clean', classes, new Random(SEED).fork('calibration').fork(image));
    scene.pixels.forEach((value, at) => {
      images[(image * 3 + (at % 3)) * pixels + Math.floor(at / 3)] = value / 255;
    });
  }
  return float32([CALIBRATED_ON, 3, SCENE_SIDE, SCENE_SIDE], images);
}
