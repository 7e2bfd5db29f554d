import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { chooseEngine } from '../../engines/choose.ts';
import { exportModel } from '../../export/export-model.ts';
import { EXPORT_FORMATS, formatOf } from '../../export/formats.ts';
import type { DetectorFigures, ExportReport } from '../../shared/export-report.ts';
import { formatBytes, formatInteger, formatShare } from '../../shared/format.ts';
import { inputSize } from '../../shared/preprocessing.ts';
import { datasetImages } from '../../trainer/dataset-images.ts';
import { validationScore } from '../../trainer/detection/validation-score.ts';
import { baseOfAdapter } from '../../trainer/base-of-adapter.ts';
import { locateAdapter } from '../../trainer/locate-adapter.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../exit-codes.ts';
import { number, one, oneOf, required, text, withDefault } from '../parameters.ts';
import { here } from '../run-result.ts';
import { type Fact, facts } from '../table.ts';
import { paint, plain, type Terminal } from '../terminal.ts';

const DTYPES = ['fp32', 'fp16', 'int8'] as const;

export const merge = defineCommand({
  name: 'merge',
  summary: 'Put an adapter into its base and write one model, compared before it is called done',
  details:
    'Puts an adapter into its base and writes one model with its class names and preprocessing. What was written is compared with ' +
    'base and adapter on real images where there are some, and refused where it differs; of a detector the mean average precision ' +
    'on the validation images is told of both. Formats: ' +
    `${EXPORT_FORMATS.map(({ name, title }) => `${name} (${title})`).join(', ')}.`,
  examples: [
    'merge .lowrank/runs/2026-03-01-142530-flowers --out flowers.onnx',
    'merge ./adapter --base ./vit --data ./flowers --dtype int8 --out flowers-int8.onnx',
  ],
  positionals: { adapter: one('An adapter folder (PEFT), or a run') },
  flags: {
    base: text('<model>', 'The base it belongs to (default: that of its run, or the one it names)'),
    out: required(text('<path>', 'The file or, for some formats, the folder to write')),
    dtype: oneOf('<dtype>', DTYPES, 'Of the weights in an ONNX model: short for --format onnx-<dtype>'),
    format: oneOf(
      '<name>',
      EXPORT_FORMATS.map(({ name }) => name),
      'Any of the formats',
    ),
    data: text('<folder>', 'The dataset to compare and calibrate on (default: that of its run)'),
    engine: withDefault(text('<name>', 'An engine from `lowrank engines`'), 'auto'),
    threads: number('<n>', 'CPU threads of the engine (default: the physical cores)'),
  },
  async run({ adapter: path, base, out, dtype, format, data, engine, threads }, { logs }) {
    if (dtype !== undefined && format !== undefined) throw new UsageError('give either --dtype or --format');
    const chosen = formatOf(format ?? `onnx-${dtype ?? 'fp32'}`);
    if (chosen.output !== 'directory' && !out.endsWith(chosen.output))
      throw new UsageError(`--out ${out}: ${chosen.name} is a file that ends in ${chosen.output}`);
    const located = await locateAdapter(path);
    const { folder, job } = located;
    const dataset = data ?? (job !== undefined && existsSync(job.data) ? job.data : undefined);
    logs.write('writing and comparing …\n');
    const report = await exportModel({
      adapter: folder,
      base: baseOfAdapter(base, located, { folders: [process.cwd()], mayDownload: true }),
      format: chosen.name,
      out,
      engine: chooseEngine(engine),
      threads,
      images: dataset === undefined ? undefined : datasetImages(dataset),
      score: dataset === undefined ? undefined : validationScore(dataset, job?.training),
    });
    return {
      json: { adapter: folder, out: resolve(out), ...report },
      lines: (terminal) => linesOf(terminal, report),
    };
  },
});

function linesOf(out: Terminal, report: ExportReport): string[] {
  const { files, bytes, referenceBytes, latency } = report;
  const told: Fact[] = [
    { name: 'wrote', value: files.map((file) => here(resolve(file))).join(', '), style: 'bold' },
    { name: 'size', value: `${formatBytes(bytes)}; base and adapter take ${formatBytes(referenceBytes)}` },
    ...(report.detection === null ? classFacts(report) : boxFacts(report, report.detection)),
    {
      name: 'one image',
      value: `${short(latency.exported)} ms; base and adapter take ${short(latency.reference)} ms`,
    },
  ];
  return [...facts(out, told), ...report.notes.map((note) => `${paint(out, 'yellow', 'note:')} ${plain(note)}`)];
}

function imagesText({ images, realImages }: ExportReport): string {
  return `${formatInteger(images)} ${realImages ? 'images of the dataset' : 'images of noise'}`;
}

function classFacts(report: ExportReport): Fact[] {
  const { agreement, changed, difference } = report;
  return [
    {
      name: 'compared',
      value:
        `same class in ${formatShare(agreement)} of ${imagesText(report)}` +
        (changed > 0 ? `, ${formatInteger(changed)} of them changed though they were clear` : ''),
    },
    {
      name: 'difference',
      value:
        `of a logit at most ${short(difference.largest)}, typically ${short(difference.typical)}; ` +
        `the largest logit is ${short(difference.largestLogit)}`,
    },
  ];
}

function boxFacts(report: ExportReport, { boxes, validation }: DetectorFigures): Fact[] {
  const { agreement, difference, preprocessing } = report;
  const { width } = inputSize(preprocessing);
  return [
    {
      name: 'compared',
      value: `the surest box is the same in ${formatShare(agreement)} of ${imagesText(report)}`,
    },
    {
      name: 'difference',
      value:
        `of a box at most ${short(boxes * width)} of ${width} pixels; ` +
        `of a score at most ${short(difference.largest)}, typically ${short(difference.typical)}`,
    },
    ...(validation === null ? [] : [validationFact(validation)]),
  ];
}

function validationFact({ images, exported, reference }: NonNullable<DetectorFigures['validation']>): Fact {
  const scores = ({ map, map50 }: typeof exported): string =>
    `mAP50-95 ${formatShare(map)}, mAP50 ${formatShare(map50)}`;
  return {
    name: 'validation',
    value: `${scores(exported)} on ${formatInteger(images)} images; base and adapter ${scores(reference)}`,
    style: 'bold',
  };
}

/** Two digits, of any size. */
function short(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(2)));
}
