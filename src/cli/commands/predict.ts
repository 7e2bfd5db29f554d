import { resolve } from 'node:path';
import { imageFiles } from '../../data/image-files.ts';
import { chooseEngine } from '../../engines/choose.ts';
import { formatInteger, formatShare } from '../../shared/format.ts';
import { openClassifier } from '../../trainer/open-classifier.ts';
import { classOfFolder, predict as predictImages, type Prediction, type Unreadable } from '../../trainer/predict.ts';
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
    'lie in folders named as the classes are also counted as right or wrong. An unreadable image ends with exit status 1.',
  examples: ['predict .lowrank/runs/2026-03-01-142530-flowers photo.jpg', 'predict merged.onnx ./flowers/val --top 1'],
  positionals: {
    model: one('An adapter folder (PEFT), a run, an ONNX file, or a base'),
    images: many('Images, or folders of images'),
  },
  flags: {
    base: text('<model>', 'The base of the adapter (default: its run’s, or the one it names)'),
    top: withDefault(number('<n>', 'How many classes to tell of each image'), 3),
    engine: withDefault(text('<name>', 'An engine from `lowrank engines`'), 'auto'),
    threads: number('<n>', 'CPU threads of the engine (default: the physical cores)'),
  },
  async run({ model, images, base, top, engine, threads }, { logs }) {
    if (!Number.isInteger(top) || top < 1 || top > MAX_TOP)
      throw new UsageError(`--top must be a whole number from 1 to ${MAX_TOP}, not ${top}`);
    const files = (await imageFiles(images)).map((file) => resolve(file));
    const classifier = await openClassifier(model, { base, engine: chooseEngine(engine), threads });
    const predictions: (Prediction | Unreadable)[] = [];
    const line = new LiveLine(logs);
    try {
      for await (const prediction of predictImages(classifier, files, top)) {
        predictions.push(prediction);
        if (logs.live) line.show(`${predictions.length} of ${files.length} images`);
      }
    } finally {
      line.clear();
      await classifier.close();
    }
    const told = predictions.filter((prediction) => 'top' in prediction);
    const unreadable = predictions.filter((prediction) => 'reason' in prediction);
    const score = scoreOf(told, classifier.labels);
    return {
      json: { model: resolve(model), accuracy: score && score.right / score.images, predictions },
      lines: (out) => linesOf(out, told, unreadable, score),
      exit: unreadable.length > 0 ? EXIT.input : EXIT.done,
    };
  },
});

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
    // The reason names the file.
    ...unreadable.map(({ reason }) => `${paint(out, 'red', 'unreadable:')} ${plain(reason)}`),
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
