import { resolve } from 'node:path';
import { imageFiles } from '../../data/image-files.ts';
import { chooseEngine } from '../../engines/choose.ts';
import { formatInteger, formatShare } from '../../shared/format.ts';
import { type DetectionPrediction, predictBoxes } from '../../trainer/detection/predict.ts';
import { openPredictor } from '../../trainer/open-predictor.ts';
import {
  classOfFolder,
  type Classifier,
  predict as predictImages,
  type Prediction,
  type Unreadable,
} from '../../trainer/predict.ts';
import { defineCommand } from '../command.ts';
import { EXIT, UsageError } from '../exit-codes.ts';
import { many, number, one, text, withDefault } from '../parameters.ts';
import { here } from '../run-result.ts';
import { table } from '../table.ts';
import { LiveLine, paint, plain, type Terminal } from '../terminal.ts';

/** More likely classes than this nobody reads. */
const MAX_TOP = 1000;

export const predict = defineCommand({
  name: 'predict',
  summary: 'Say what a model sees in images',
  details:
    'Says what a model sees in images: an adapter on its base, a run, a merged ONNX model, or a base as published. Images that ' +
    'lie in folders named as the classes are also counted as right or wrong. A detector tells what is where: boxes are corners ' +
    'in parts of the image (--json). An unreadable image ends with exit status 1.',
  examples: ['predict .lowrank/runs/2026-03-01-142530-flowers photo.jpg', 'predict merged.onnx ./flowers/val --top 1'],
  positionals: {
    model: one('An adapter folder (PEFT), a run, an ONNX file, or a base'),
    images: many('Images, or folders of images'),
  },
  flags: {
    base: text('<model>', 'The base of the adapter (default: its run’s, or the one it names)'),
    top: withDefault(number('<n>', 'How many classes to tell of each image'), 3),
    confidence: number('<0–1>', 'Of a detector: boxes must be surer than this (default: 0.25)'),
    iou: number('<0–1>', 'Of a detector: of two boxes of a class that overlap more, one is told (default: 0.7)'),
    engine: withDefault(text('<name>', 'An engine from `lowrank engines`'), 'auto'),
    threads: number('<n>', 'CPU threads of the engine (default: the physical cores)'),
  },
  async run({ model, images, base, top, confidence, iou, engine, threads }, { logs }) {
    if (!Number.isInteger(top) || top < 1 || top > MAX_TOP)
      throw new UsageError(`--top must be a whole number from 1 to ${MAX_TOP}, not ${top}`);
    checkShare('--confidence', confidence);
    checkShare('--iou', iou);
    const files = (await imageFiles(images)).map((file) => resolve(file));
    const predictor = await openPredictor(model, {
      base,
      engine: chooseEngine(engine),
      threads,
      confidence,
      overlap: iou,
    });
    const line = new LiveLine(logs);
    const show = (done: number): void => {
      if (logs.live) line.show(`${done} of ${files.length} images`);
    };
    const place = { model: resolve(model) };
    try {
      return 'detect' in predictor
        ? detected(await all(predictBoxes(predictor, files), show), place)
        : classified(await all(predictImages(predictor, files, top), show), predictor, place);
    } finally {
      line.clear();
      await predictor.close();
    }
  },
});

function checkShare(flag: string, value: number | undefined): void {
  if (value !== undefined && !(value >= 0 && value <= 1))
    throw new UsageError(`${flag} must be a number from 0 to 1, not ${value}`);
}

async function all<T>(predictions: AsyncIterable<T>, show: (done: number) => void): Promise<T[]> {
  const told: T[] = [];
  for await (const prediction of predictions) show(told.push(prediction));
  return told;
}

interface Place {
  readonly model: string;
}

function classified(predictions: readonly (Prediction | Unreadable)[], { labels }: Classifier, { model }: Place) {
  const told = predictions.filter((prediction) => 'top' in prediction);
  const unreadable = predictions.filter((prediction) => 'reason' in prediction);
  const score = scoreOf(told, labels);
  return {
    json: { model, accuracy: score && score.right / score.images, predictions },
    lines: (out: Terminal) => linesOf(out, told, unreadable, score),
    exit: unreadable.length > 0 ? EXIT.input : EXIT.done,
  };
}

function detected(predictions: readonly (DetectionPrediction | Unreadable)[], { model }: Place) {
  const told = predictions.filter((prediction) => 'found' in prediction);
  const unreadable = predictions.filter((prediction) => 'reason' in prediction);
  return {
    json: { model, predictions },
    lines: (out: Terminal) => [...boxLines(out, told), ...reasonLines(out, unreadable)],
    exit: unreadable.length > 0 ? EXIT.input : EXIT.done,
  };
}

/** How many of which class are in each image. */
function boxLines(out: Terminal, told: readonly DetectionPrediction[]): string[] {
  if (told.length === 0) return [];
  return table(out, told, [
    { title: 'image', cell: ({ file }) => here(file) },
    { title: 'size', cell: ({ size }) => `${size.width} × ${size.height}` },
    { title: 'found', cell: ({ found }) => countText(found.map(({ label }) => label)) },
    { title: 'surest', cell: ({ found: [first] }) => (first ? formatShare(first.confidence) : ''), right: true },
  ]);
}

/** `2 cat, 1 dog`. */
function countText(labels: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts.size === 0 ? 'nothing' : [...counts].map(([label, count]) => `${count} ${label}`).join(', ');
}

function reasonLines(out: Terminal, unreadable: readonly Unreadable[]): string[] {
  // The reason names the file.
  return unreadable.map(({ reason }) => `${paint(out, 'red', 'unreadable:')} ${plain(reason)}`);
}

interface Score {
  readonly right: number;
  readonly images: number;
}

/** Of images in folders that are named as classes; null unless all are. */
function scoreOf(told: readonly Prediction[], labels: readonly string[]): Score | null {
  if (told.length === 0 || told.some(({ file }) => classOfFolder(file, labels) === undefined)) return null;
  return {
    right: told.filter(({ file, top }) => top[0]?.label === classOfFolder(file, labels)).length,
    images: told.length,
  };
}

function linesOf(
  out: Terminal,
  told: readonly Prediction[],
  unreadable: readonly Unreadable[],
  score: Score | null,
): string[] {
  const columns = Math.max(0, ...told.map(({ top }) => top.length));
  const lines = table(out, told, [
    { title: 'image', cell: ({ file }) => here(file) },
    ...Array.from({ length: columns }, (_, i) => [
      { title: i === 0 ? 'class' : 'or', cell: ({ top }: Prediction) => top[i]?.label ?? '' },
      { title: '', cell: ({ top }: Prediction) => (top[i] ? formatShare(top[i].probability) : ''), right: true },
    ]).flat(),
  ]);
  return [
    ...(told.length > 0 ? lines : []),
    ...reasonLines(out, unreadable),
    ...(score === null
      ? []
      : [
          '',
          paint(
            out,
            'bold',
            `${formatShare(score.right / score.images)} right: ${formatInteger(score.right)} of ` +
              `${formatInteger(score.images)} in the folder of their class`,
          ),
        ]),
  ];
}
