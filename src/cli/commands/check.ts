import { relative } from 'node:path';
import { checkDataset } from '../../data/check-dataset.ts';
import { mendPixels } from '../../data/detection/mend-pixels.ts';
import type {
  BoxStatistics,
  ClassCount,
  DatasetReport,
  Finding,
  ImageStatistics,
  Range,
} from '../../shared/dataset-report.ts';
import { formatInteger } from '../../shared/format.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { one, toggle } from '../parameters.ts';
import { type Fact, facts, table } from '../table.ts';
import { LiveLine, paint, plain, type Terminal } from '../terminal.ts';

/** Thousands of classes are not told one by one; the JSON has them all. */
const MAX_CLASSES_SHOWN = 40;

export const check = defineCommand({
  name: 'check',
  summary: 'Say whether a dataset is ready to be trained on',
  details:
    'Says Ready or Not ready: classes, counts, imbalance, image sizes, duplicates across splits, and each bad file by name. ' +
    'Not ready ends with exit status 1.',
  examples: ['check ./flowers', 'check ./flowers --quick', 'check ./boxes --fix'],
  positionals: { data: one('The dataset: a folder of class folders, or of images with boxes (YOLO, COCO, VOC)') },
  flags: {
    quick: toggle('Look at names only; open no image'),
    fix: toggle(
      'First write boxes that are in pixels anew in parts of their images; old label files stay as *.txt.pixels',
    ),
  },
  async run({ data, quick, fix }, { logs }) {
    if (fix) {
      const { files, boxes } = await mendPixels(data);
      logs.write(`mended ${formatInteger(boxes)} boxes in ${formatInteger(files)} label files\n`);
    }
    const line = new LiveLine(logs);
    const onProgress = (done: number, total: number): void => {
      if (logs.live && (done % 20 === 0 || done === total)) line.show(`opened ${done} of ${total} images`);
    };
    const report = await checkDataset(data, { deep: !quick, onProgress });
    line.clear();
    return {
      json: report,
      lines: (out) => linesOf(out, report),
      exit: report.ready ? EXIT.done : EXIT.input,
    };
  },
});

function linesOf(out: Terminal, report: DatasetReport): string[] {
  const { ready, fatal, warnings, root, classes, boxes } = report;
  const lines = [
    ready ? paint(out, 'green', `Ready: ${root}`) : paint(out, 'red', `Not ready: ${root}`),
    ...findings(out, 'red', 'fault', fatal, root),
    ...findings(out, 'yellow', 'warning', warnings, root),
  ];
  if (classes.length === 0) return lines;
  return [
    ...lines,
    '',
    ...facts(out, overview(report)),
    '',
    ...classTable(out, boxes === null ? 'class' : 'boxes of class', boxes?.classes ?? classes),
  ];
}

function findings(
  out: Terminal,
  style: 'red' | 'yellow',
  word: string,
  found: readonly Finding[],
  root: string,
): string[] {
  return found.map(({ file, line, message }) => {
    const place = relative(root, file) + (line === undefined ? '' : `:${line}`);
    return `${paint(out, style, `${word}:`)} ${plain(place === '' ? message : `${place}: ${message}`)}`;
  });
}

function overview({ classes, counts, boxes, splitSource, imbalance, images }: DatasetReport): (Fact | null)[] {
  const { train, validation, test } = counts;
  const drawn = splitSource === 'seed' ? ' (held out by seed)' : '';
  const parts = [
    `${formatInteger(train)} training`,
    `${formatInteger(validation)} validation${drawn}`,
    test > 0 ? `${formatInteger(test)} test` : '',
  ];
  return [
    { name: 'classes', value: formatInteger(classes.length) },
    { name: 'images', value: parts.filter((part) => part !== '').join(', ') },
    ...(boxes === null ? [] : boxFacts(boxes, train + validation + test)),
    imbalance === null
      ? null
      : {
          name: 'imbalance',
          value: `${imbalance.toFixed(1)} (training images of the largest class over the smallest)`,
        },
    ...(images === null ? [] : opened(images)),
  ];
}

function boxFacts({ counts, backgrounds, perImage }: BoxStatistics, images: number): (Fact | null)[] {
  const without = backgrounds.train + backgrounds.validation + backgrounds.test;
  return [
    {
      name: 'boxes',
      value: `${formatInteger(counts.train)} training, ${formatInteger(counts.validation)} validation`,
    },
    perImage === null ? null : { name: 'in an image', value: `${range(perImage)} boxes` },
    { name: 'backgrounds', value: `${formatInteger(without)} of ${formatInteger(images)} images have no box` },
  ];
}

function opened({ formats, width, height, unreadable, duplicates }: ImageStatistics): (Fact | null)[] {
  const kinds = Object.entries(formats).map(([format, count]) => `${formatInteger(count)} ${format}`);
  return [
    kinds.length === 0 ? null : { name: 'files', value: kinds.join(', ') },
    width === null || height === null
      ? null
      : { name: 'size', value: `width ${range(width)}, height ${range(height)} pixels` },
    { name: 'unreadable', value: formatInteger(unreadable.length) },
    { name: 'duplicates', value: `${formatInteger(duplicates.length)} across splits or classes` },
  ];
}

function range({ least, most }: Range): string {
  return least === most ? String(least) : `${least} to ${most}`;
}

function classTable(out: Terminal, title: string, classes: readonly ClassCount[]): string[] {
  const shown = classes.slice(0, MAX_CLASSES_SHOWN);
  const hasTest = classes.some(({ test }) => test > 0);
  const column = (split: 'train' | 'validation' | 'test') => ({
    title: split,
    cell: (row: ClassCount) => formatInteger(row[split]),
    right: true,
  });
  const lines = table(out, shown, [
    { title, cell: ({ name }) => name },
    column('train'),
    column('validation'),
    ...(hasTest ? [column('test')] : []),
  ]);
  const more = classes.length - shown.length;
  return more > 0 ? [...lines, `and ${formatInteger(more)} more (all of them with --json)`] : lines;
}
