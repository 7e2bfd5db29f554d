/**
 * `npm run bench -- data`, and by itself on a machine with a GPU: `node bench-data.js [--engine NAME --model tiny|small|base --precision fp16]
 * [--images 2000] [--workers 4,15] [--modes none,flip,crop]`. Epochs over a folder of 640 × 480 JPEGs against the same steps on one batch
 * that is there already; without an engine, how many images a second arrive.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Transformer } from '@napi-rs/image';
import { writeRandomVit } from '../../scripts/random-vit.ts';
import { type Batch, openBatchSource } from '../../src/data/batch-source.ts';
import type { Sample } from '../../src/data/dataset.ts';
import { defaultWorkers } from '../../src/data/decoded-epochs.ts';
import { chooseEngine } from '../../src/engines/choose.ts';
import type { Tensors } from '../../src/engines/engine.ts';
import { initialise } from '../../src/lora/state.ts';
import { openBase } from '../../src/models/open-base.ts';
import { type Augmentation, augmentationSchema, jobSchema } from '../../src/shared/job.ts';
import { Random } from '../../src/shared/random.ts';
import { imageFeed, targetFeeds } from '../../src/trainer/feeds.ts';
import { inPrecision } from '../../src/trainer/precision.ts';
import type { Precision } from '../../src/trainer/precision.ts';
import { LOSS_SCALE, trainingGraph } from '../../src/trainer/step.ts';
import { float32 } from '../../src/graph/tensor.ts';
import { median } from './step.ts';

const VITS: Readonly<Record<string, { readonly width: number; readonly heads: number }>> = {
  tiny: { width: 192, heads: 3 },
  small: { width: 384, heads: 6 },
  base: { width: 768, heads: 12 },
};
const [WIDTH, HEIGHT] = [640, 480];
/** Drawing takes longer than decoding: the files are copies of so many pictures. */
const PICTURES = 24;
/** Photographs from the web have about this; 50 to 60 kB a file. */
const JPEG_QUALITY = 90;
const CLASSES = 10;

const AUGMENTATIONS: Readonly<Record<string, Augmentation | null>> = {
  none: null,
  flip: augmentationSchema.parse({}),
  crop: augmentationSchema.parse({ crop: {}, jitter: {} }),
};

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string' },
    model: { type: 'string', default: 'tiny' },
    precision: { type: 'string', default: 'fp32' },
    xla: { type: 'string' },
    images: { type: 'string', default: '2000' },
    batch: { type: 'string', default: '64' },
    workers: { type: 'string', default: String(defaultWorkers()) },
    modes: { type: 'string', default: 'flip,crop' },
    epochs: { type: 'string', default: '3' },
    folder: { type: 'string' },
  },
});

const batch = Number(values.batch);
const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'lowrank-data-'));
const samples = drawFolder(join(folder, 'images'), Number(values.images));
const { preprocessing, step } = await openStep();
for (const mode of values.modes.split(',')) {
  for (const workers of values.workers.split(',').map(Number)) await measure(mode, workers);
}
if (values.folder === undefined) rmSync(folder, { recursive: true });
process.exit(0);

async function measure(mode: string, workers: number): Promise<void> {
  const options = { samples, preprocessing, augmentation: AUGMENTATIONS[mode] ?? null, batch, seed: 1, shuffle: true };
  const source = openBatchSource({ ...options, workers });
  const epochs: number[] = [];
  let one: Batch | undefined;
  for (let epoch = 0; epoch < Number(values.epochs); epoch++) {
    const started = performance.now();
    for await (const each of source.batches(epoch)) {
      if (each.samples.every((sample) => sample >= 0)) one ??= each;
      await step?.(each);
    }
    epochs.push((performance.now() - started) / 1000);
  }
  await source.close();
  const rate = (seconds: number): string =>
    `${seconds.toFixed(2)} s (${(samples.length / seconds).toFixed(0)} images/s)`;
  say(`${mode}, ${workers} decoding threads: epochs ${epochs.map(rate).join(', ')}`);
  if (step === undefined) return;
  const repeated: number[] = [];
  for (let round = 0; round < 2; round++) {
    const started = performance.now();
    for (let index = 0; index < source.batchesPerEpoch; index++) await step(one!);
    repeated.push((performance.now() - started) / 1000);
  }
  const alone = median(repeated);
  say(
    `  one repeated batch ${rate(alone)}; epochs over it ${epochs.map((epoch) => (epoch / alone).toFixed(2)).join(', ')}`,
  );
}

/** Without the optimizer, so that the step is the shorter and loading the harder pressed. */
async function openStep() {
  const size = VITS[values.model]!;
  const model = join(folder, 'vit');
  const labels = Array.from({ length: CLASSES }, (_, index) => `class ${index}`);
  await writeRandomVit(model, { ...size, layers: 12, image: 224, patch: 16, labels }, 1);
  const base = await openBase(model);
  if (values.engine === undefined) return { preprocessing: base.preprocessing, step: undefined };
  const lora = { rank: 8, targetModules: ['q_proj', 'v_proj'] };
  const initial = initialise(base, jobSchema.parse({ data: '.', base: model, lora }), labels);
  const precision = values.precision as Precision;
  const scaled = precision === 'fp16';
  const options = { preprocessing: base.preprocessing, batch, labelSmoothing: 0, scaled };
  const graph = inPrecision(trainingGraph(initial.adapted.graph, options), precision);
  const engine = chooseEngine(values.engine, values.xla === undefined ? {} : { xlaCache: values.xla });
  const program = await engine.compile(graph, {});
  const trained: Tensors = {
    ...Object.fromEntries(initial.values),
    ...(scaled ? { [LOSS_SCALE]: float32([], [1024]) } : {}),
  };
  const run = async (each: Batch): Promise<void> => {
    await program.run({ images: imageFeed(each, base.preprocessing), ...targetFeeds(each), ...trained });
  };
  const black = { index: 0, view: 0, weights: new Float32Array(batch).fill(1), samples: new Int32Array(batch) };
  for (let warm = 0; warm < 3; warm++) {
    await run({ ...black, images: new Uint8Array(batch * 224 * 224 * 3), labels: new Int32Array(batch) });
  }
  return { preprocessing: base.preprocessing, step: run };
}

function drawFolder(path: string, count: number): Sample[] {
  mkdirSync(path, { recursive: true });
  const pictures = Array.from({ length: Math.min(PICTURES, count) }, (_, index) => drawPhotograph(new Random(index)));
  return Array.from({ length: count }, (_, index) => {
    const file = join(path, `${index}.jpg`);
    writeFileSync(file, pictures[index % pictures.length]!);
    return { path: file, label: index % CLASSES };
  });
}

/** Smooth shades at several scales and the noise of a sensor: what a photograph costs a decoder. */
function drawPhotograph(random: Random): Uint8Array {
  const pixels = new Uint8ClampedArray(WIDTH * HEIGHT * 4).fill(255);
  const layers = [4, 8, 16, 32, 64].map((cells, index) => {
    const grid = Float32Array.from({ length: (cells + 1) ** 2 * 3 }, () => random.uniform() - 0.5);
    return { cells, grid, strength: 120 / (index + 1) };
  });
  for (let y = 0, to = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++, to += 4) {
      for (let channel = 0; channel < 3; channel++) {
        let value = 128 + 8 * (random.uniform() - 0.5);
        for (const { cells, grid, strength } of layers) value += strength * shade(grid, cells, x, y, channel);
        pixels[to + channel] = value;
      }
    }
  }
  return Transformer.fromRgbaPixels(pixels, WIDTH, HEIGHT).jpegSync(JPEG_QUALITY);
}

/** Between the four nearest points of a grid. */
function shade(grid: Float32Array, cells: number, x: number, y: number, channel: number): number {
  const [across, down] = [(x / WIDTH) * cells, (y / HEIGHT) * cells];
  const [column, row] = [Math.floor(across), Math.floor(down)];
  const [right, below] = [across - column, down - row];
  const at = (i: number, j: number): number => grid[((row + j) * (cells + 1) + column + i) * 3 + channel]!;
  return (
    (at(0, 0) * (1 - right) + at(1, 0) * right) * (1 - below) + (at(0, 1) * (1 - right) + at(1, 1) * right) * below
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
