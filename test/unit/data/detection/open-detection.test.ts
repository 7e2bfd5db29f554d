import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { Transformer } from '@napi-rs/image';
import { describe, expect, it } from 'vitest';
import { checkDataset } from '../../../../src/data/check-dataset.ts';
import type { DetectionDataset } from '../../../../src/data/dataset.ts';
import { mendPixels } from '../../../../src/data/detection/mend-pixels.ts';
import { openDataset, openDetection } from '../../../../src/data/open-dataset.ts';
import { temporaryFolder, writeFiles } from '../folders.ts';
import { cocoJson, vocXml, writeCoco, writeVoc, writeYolo, YAML, type YoloFiles } from './datasets.ts';

const folder = temporaryFolder();
let count = 0;
const fresh = (): string => join(folder.path, `dataset-${count++}`);
const open = (path: string) => openDetection(path, { validationShare: 0.34, seed: 1 });

/** Images of a split by name, with class and corners of each box. */
function listed({ splits, classes }: DetectionDataset, split: 'train' | 'validation') {
  return Object.fromEntries(
    splits[split].map(({ path, boxes: { labels, corners } }) => [
      basename(path),
      [...labels].map((label, i) => [
        classes[label],
        ...[...corners.subarray(4 * i, 4 * i + 4)].map((value) => Math.round(value * 1e6) / 1e6),
      ]),
    ]),
  );
}

describe('a YOLO dataset', () => {
  const train = {
    'a.png': [
      ['cat', 0.25, 0.375, 0.75, 0.625],
      ['dog', 0, 0, 0.2, 0.2],
    ],
    'b.png': [['dog', 0, 0, 1, 1]],
    'c.png': [],
  };

  it('is read by its data.yaml, an image without a label file being a background', async () => {
    const root = writeYolo(fresh());
    for (const path of [root, join(root, 'data.yaml')]) {
      const dataset = await open(path);
      expect(dataset).toMatchObject({ task: 'detection', kind: 'yolo', root, classes: ['cat', 'dog'], leftOut: [] });
      expect(dataset.splitSource).toBe('folders');
      expect(listed(dataset, 'train')).toEqual(train);
      expect(Object.keys(listed(dataset, 'validation'))).toEqual(['d.png']);
    }
  });

  it.each([
    ['a list of names and no path', 'train: images/train\nval: images/val\nnames: [cat, dog]\nnc: 2\n'],
    ['a path of another machine', 'path: /no/such/place\ntrain: images/train\nval: images/val\nnames: [cat, dog]\n'],
    ["Roboflow's way up", 'train: ../images/train\nval: ../images/val\nnames: [cat, dog]\n'],
    ['several folders and text files', 'train: [images/train, more.txt]\nval: val.txt\nnames: [cat, dog]\n'],
  ])('is read by %s', async (_, yaml) => {
    const root = writeYolo(fresh(), { yaml });
    writeFileSync(join(root, 'more.txt'), './images/train/b.png\n');
    writeFileSync(join(root, 'val.txt'), 'images/val/d.png\n\n');
    const dataset = await open(root);
    expect(listed(dataset, 'train')).toEqual(train);
    expect(Object.keys(listed(dataset, 'validation'))).toEqual(['d.png']);
  });

  it('holds out validation images by seed where it names none', async () => {
    const root = writeYolo(fresh(), {
      yaml: 'train: images/train\nnames: [cat, dog]\n',
      labels: { 'train/c': '0 0.5 0.5 0.5 0.5' },
    });
    const dataset = await open(root);
    expect(dataset.splitSource).toBe('seed');
    expect([dataset.splits.train.length, dataset.splits.validation.length]).toEqual([2, 1]);
    expect(await open(root)).toEqual(dataset);
  });

  it('takes names from classes.txt where there is no data.yaml', async () => {
    const root = writeYolo(fresh());
    rmSync(join(root, 'data.yaml'));
    await expect(open(root)).rejects.toThrow(/no data\.yaml that names the classes; write one/);
    writeFileSync(join(root, 'classes.txt'), 'cat\ndog\n\n');
    const dataset = await open(root);
    expect(dataset.classes).toEqual(['cat', 'dog']);
    expect(listed(dataset, 'train')).toEqual(train);
    expect(Object.keys(listed(dataset, 'validation'))).toEqual(['d.png']);
  });

  it('takes the box around an outline', async () => {
    const root = writeYolo(fresh(), { labels: { 'train/a': '0 0.1 0.2 0.5 0.1 0.4 0.6\n' } });
    expect(listed(await open(root), 'train')['a.png']).toEqual([['cat', 0.1, 0.1, 0.5, 0.6]]);
  });

  /** `file:line: message` of what is fatal, and of what is only told. */
  async function judged(files: YoloFiles): Promise<{ fatal: string[]; warnings: string[] }> {
    const root = writeYolo(fresh(), files);
    const { fatal, warnings } = await checkDataset(root);
    const told = ({ file, line, message }: { file: string; line?: number; message: string }): string =>
      `${relative(root, file).replaceAll('\\', '/')}${line === undefined ? '' : `:${line}`}: ${message}`;
    return { fatal: fatal.map(told), warnings: warnings.map(told) };
  }

  it.each<[what: string, label: string, fault: RegExp]>([
    [
      'a line of another length',
      '0 0.5 0.5 0.5',
      /^labels\/train\/a\.txt:1: 4 values, but a box has 5: class, x, y, width, height; the line is left out$/,
    ],
    ['what is no number', '\n0 0.5 0.5 nan 0.5', /a\.txt:2: "nan" is no number; the line/],
    ['a box outside', '0 1.5 0.5 0.5 0.5', /a\.txt:1: the box lies outside the image; left out$/],
    ['a box that reaches out', '0 0.9 0.5 0.5 0.5', /a\.txt:1: the box reaches out of the image; it is cut/],
    ['a box without area', '0 0.5 0.5 0 0.5', /a\.txt:1: the box has no area; left out/],
    [
      'a box that is there twice',
      '0 0.5 0.5 0.5 0.5\n0 0.5 0.5 0.5 0.5',
      /a\.txt:2: the same box as one before it; left out/,
    ],
    [
      'a single box in pixels',
      '0 320 240 64 48',
      /a\.txt:1: the box is in pixels, not in parts of the image; left out/,
    ],
  ])('tells of %s and goes on', async (_, label, fault) => {
    const { fatal, warnings } = await judged({ labels: { 'train/a': label } });
    expect(fatal).toEqual([]);
    expect(warnings.filter((warning) => fault.test(warning))).toHaveLength(1);
  });

  it('are mended where they are in pixels, and the old files kept', async () => {
    // A line of small numbers in a file of pixels is in pixels too; an outline alternates; what is no box stays.
    const labels = { 'train/a': '0 4 2 2 3\r\n\n1 1 1 1 1\nno box\n', 'train/b': '1 0 0 4 0 4 2\n' };
    const root = writeYolo(fresh(), { labels });
    const wide = Transformer.fromRgbaPixels(new Uint8Array(8 * 4 * 4), 8, 4).pngSync();
    for (const name of ['a', 'b']) writeFileSync(join(root, `images/train/${name}.png`), wide);
    expect(await mendPixels(root)).toEqual({ files: 2, boxes: 3 });
    const textOf = (name: string): string => readFileSync(join(root, 'labels', name), 'utf8');
    expect(textOf('train/a.txt')).toBe('0 0.5 0.5 0.25 0.75\n\n1 0.125 0.25 0.125 0.25\nno box\n');
    expect(textOf('train/b.txt')).toBe('1 0 0 0.5 0 0.5 0.5\n');
    expect(textOf('train/a.txt.pixels')).toBe(labels['train/a']);
    expect(textOf('val/d.txt')).toBe('0 0.25 0.25 0.5 0.5\n1 0.75 0.75 0.5 0.5\n');
    expect(await mendPixels(root)).toEqual({ files: 0, boxes: 0 });
  });

  it.each<[what: string, files: YoloFiles, fault: RegExp]>([
    [
      'a class that is not named',
      { labels: { 'train/a': '0 0.5 0.5 0.5 0.5\n2 0.5 0.5 0.1 0.1' } },
      /^labels\/train\/a\.txt:2: class 2, but classes are 0 to 1; name it or remove the box$/,
    ],
    ['a class that is no whole number', { labels: { 'train/a': '0.5 0.5 0.5 0.5 0.5' } }, /a\.txt:1: class 0\.5, but/],
    [
      'labels in pixels, with what to do',
      { labels: { 'train/a': '0 320 240 64 48', 'train/b': '1 10 10 8 8', 'val/d': '0 9 9 5 5' } },
      /^labels\/train\/a\.txt:1: the box is in pixels, not in parts of the image \(as 3 of 3 are\): divide x and width by the image's width/,
    ],
    ['an empty description', { yaml: '' }, /^data\.yaml: is no description of a dataset: names and train are missing/],
    ['broken YAML', { yaml: 'names: [cat\ntrain: images/train\n' }, /^data\.yaml:\d+: invalid YAML/],
    [
      'a description without names',
      { yaml: 'train: images/train\n' },
      /^data\.yaml: names: missing; list the class names$/,
    ],
    ['one without training images', { yaml: 'names: [cat]\n' }, /^data\.yaml: train: missing; name the folder/],
    [
      'names with a gap',
      { yaml: 'train: images/train\nnames: {0: cat, 2: dog}\n' },
      /none has the number 1; number them from 0/,
    ],
    ['a wrong number of classes', { yaml: `${YAML}nc: 3\n` }, /^data\.yaml: nc: is 3, but 2 classes are named/],
    [
      'a number in place of a folder',
      { yaml: 'names: [cat]\ntrain: 7\n' },
      /^data\.yaml:2: train: must be a folder, a text file/,
    ],
    [
      'a folder that is not there',
      { yaml: 'train: gone\nval: images/val\nnames: [cat, dog]\n' },
      /^gone: no such file or folder$/,
    ],
    [
      'an alias bomb',
      {
        yaml: `a: &a [x,x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, i) => `${'abcdefghij'[i + 1]!}: &${'abcdefghij'[i + 1]!} [${`*${'abcdefghij'[i]!},`.repeat(10)}]`).join('\n')}\n`,
      },
      /^data\.yaml: (invalid YAML|is no description|train: missing)/,
    ],
    [
      'training images that are all backgrounds',
      { labels: { 'train/a': '', 'train/b': '' } },
      /no training image has a box/,
    ],
  ])('does not train on %s', async (_, files, fault) => {
    const { fatal } = await judged(files);
    expect(fatal[0]).toMatch(fault);
  });

  it('says where a label file was looked for when there is none', async () => {
    const root = writeFiles(fresh(), { 'data.yaml': Buffer.from(YAML) });
    writeFiles(root, ['images/train/a.png', 'images/val/b.png']);
    const { fatal } = await checkDataset(root);
    expect(fatal[0]!.message).toBe(`no image has a label file; looked for ${join(root, 'labels/train/a.txt')}`);
  });

  it('tells a few of many equal faults and counts the others', async () => {
    const many = Array.from({ length: 30 }, (_, i) => `0 0.5 0.5 0.${i + 10} 0`).join('\n');
    const { warnings } = await judged({ labels: { 'train/a': many } });
    expect(warnings.filter((warning) => warning.includes('no area'))).toHaveLength(6);
    expect(warnings).toContain(': 25 more boxes have no area');
  });

  it('counts boxes, images of a class and backgrounds, and opens the images', async () => {
    const root = writeYolo(fresh(), { labels: { 'train/b': '1 0.5 0.5 0.3 1\n' } });
    const report = await checkDataset(root, { deep: true });
    expect(report).toMatchObject({
      ready: true,
      task: 'detection',
      counts: { train: 3, validation: 1, test: 0 },
      classes: [
        { name: 'cat', train: 1, validation: 1 },
        { name: 'dog', train: 2, validation: 1 },
      ],
      boxes: {
        counts: { train: 3, validation: 2, test: 0 },
        backgrounds: { train: 1, validation: 0, test: 0 },
        perImage: { least: 1, most: 2 },
      },
      images: { opened: 4, formats: { png: 4 }, unreadable: [], duplicates: [] },
    });
    // Pictures of four pixels: a fifth and a third of them is less than two.
    expect(report.warnings.filter(({ message }) => message.includes('less than 2 pixels'))).toHaveLength(2);
  });

  it('is not taken for one of classes, nor the other way round', async () => {
    const options = { validationShare: 0.2, seed: 0 };
    await expect(openDataset(writeYolo(fresh()), options)).rejects.toThrow(/a dataset of boxes/);
    const classes = writeFiles(fresh(), ['cat/1.png', 'cat/2.png', 'dog/1.png', 'dog/2.png']);
    await expect(openDetection(classes, options)).rejects.toThrow(/a dataset of classes without boxes/);
  });
});

describe('a COCO dataset', () => {
  it('is read in pixels of each image, with its own numbers of categories', async () => {
    const root = writeCoco(fresh(), [
      { image_id: 0, category_id: 12, bbox: [10, 5, 20, 10] },
      { image_id: 0, category_id: 7, bbox: [0, 0, 100, 50] },
      { image_id: 0, category_id: 7, bbox: [0, 0, 50, 50], iscrowd: 1 },
    ]);
    const dataset = await open(root);
    expect(dataset).toMatchObject({ kind: 'coco', classes: ['cat', 'dog'], splitSource: 'folders' });
    expect(listed(dataset, 'train')).toEqual({
      'a.png': [
        ['dog', 0.1, 0.1, 0.3, 0.3],
        ['cat', 0, 0, 1, 1],
      ],
      'b.png': [],
    });
    expect(dataset.leftOut.map(({ message }) => message)).toEqual(['annotation 2 is a crowd; left out']);
  });

  it('is read as Roboflow writes it, and finds images below images/', async () => {
    const annotation = [{ image_id: 0, category_id: 7, bbox: [0, 0, 50, 25] }];
    const beside = writeFiles(fresh(), {
      'train/_annotations.coco.json': Buffer.from(cocoJson(['a.png'], annotation)),
      'valid/_annotations.coco.json': Buffer.from(cocoJson(['b.png'], annotation)),
    });
    writeFiles(beside, ['train/a.png', 'valid/b.png']);
    expect(listed(await open(beside), 'validation')).toEqual({ 'b.png': [['cat', 0, 0, 0.5, 0.5]] });
    const below = writeCoco(fresh(), annotation, 'images/train2017');
    expect(listed(await open(below), 'train')['a.png']).toEqual([['cat', 0, 0, 0.5, 0.5]]);
  });

  it('tells of annotations of nothing, and of images that are missing or lie outside', async () => {
    const root = writeCoco(fresh(), [
      { image_id: 9, category_id: 7, bbox: [0, 0, 1, 1] },
      { image_id: 0, category_id: 8, bbox: [0, 0, 1, 1] },
      { image_id: 0, category_id: 7, bbox: [0, 0] },
      { image_id: 0, category_id: 7, bbox: [0, 0, 10, 10] },
      { image_id: 0, category_id: 7, bbox: [0, 0, 20, 10] },
    ]);
    const file = join(root, 'annotations/instances_val2017.json');
    writeFileSync(
      file,
      cocoJson(['d.png', '../train2017/secret.png', 'gone.png'], [{ image_id: 0, category_id: 7, bbox: [0, 0, 9, 9] }]),
    );
    const messages = (await open(root)).leftOut.map(({ message }) => message);
    expect(messages).toEqual(
      expect.arrayContaining([
        'annotation 0 is of image 9, which there is not; left out',
        'annotation 1 has the category 8, which there is not; left out',
        'annotation 2 has no bbox of 4 numbers; left out',
        'there is no image ../train2017/secret.png; left out',
        'there is no image gone.png; left out',
      ]),
    );
  });

  it('names file and field of what is no COCO', async () => {
    const root = writeCoco(fresh(), []);
    const file = join(root, 'annotations/instances_train2017.json');
    writeFileSync(
      file,
      '{"images": [{"id": 1, "file_name": 7, "width": 1, "height": 1}], "categories": [], "annotations": []}',
    );
    const { fatal } = await checkDataset(root);
    expect(fatal).toHaveLength(1);
    expect(fatal[0]).toMatchObject({ file, message: expect.stringMatching(/images\[0\]\.file_name/) as string });
  });
});

describe('a VOC dataset', () => {
  it('is read by its lists, pixels counting from 1', async () => {
    const dataset = await open(writeVoc(fresh()));
    expect(dataset).toMatchObject({ kind: 'voc', classes: ['cat', 'dog'], splitSource: 'folders', leftOut: [] });
    expect(listed(dataset, 'train')).toEqual({
      'a.png': [
        ['dog', 0, 0, 0.5, 0.5],
        ['cat', 0.5, 0.5, 1, 1],
      ],
      'b.png': [['cat', 0.1, 0.2, 0.2, 0.4]],
    });
    expect(listed(dataset, 'validation')).toEqual({ 'd.png': [['dog', 0, 0, 1, 1]] });
  });

  it('is read side by side in train/ and valid/', async () => {
    const root = writeFiles(fresh(), {
      'train/a.xml': Buffer.from(vocXml('other-name.png', [['cat', 1, 1, 100, 50]])),
      'valid/b.xml': Buffer.from(vocXml('b.png', [['cat', 1, 1, 50, 50]])),
    });
    writeFiles(root, ['train/a.png', 'valid/b.png']);
    const dataset = await open(root);
    expect(listed(dataset, 'train')).toEqual({ 'a.png': [['cat', 0, 0, 1, 1]] });
    expect(listed(dataset, 'validation')).toEqual({ 'b.png': [['cat', 0, 0, 0.5, 1]] });
  });

  it.each<[what: string, xml: string, message: string, line: number | undefined]>([
    [
      'what is no XML',
      '<annotation><size></annotation>',
      'invalid XML: unexpected close tag.; its image is left out',
      1,
    ],
    [
      'a foreign entity',
      '<!DOCTYPE a [<!ENTITY x "y">]>\n<annotation>&x;</annotation>',
      'invalid XML: undefined entity.; its image is left out',
      2,
    ],
    [
      'a corner that is no number',
      vocXml('e.png', [['cat', NaN, 1, 2, 2]]),
      'xmin is "NaN", which is no number; its image is left out',
      4,
    ],
    ['an image without a size', '<annotation></annotation>', 'width is missing; its image is left out', undefined],
  ])('tells of %s', async (_, xml, message, line) => {
    const root = writeVoc(fresh(), { 'Annotations/e.xml': xml, 'ImageSets/Main/train.txt': 'a\nb\ne\n' });
    const { leftOut } = await open(root);
    expect(leftOut).toEqual([{ file: join(root, 'Annotations/e.xml'), ...(line !== undefined && { line }), message }]);
  });
});
