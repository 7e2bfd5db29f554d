/** Datasets as Roboflow, CVAT, Label Studio, LabelImg and Windows leave them: read as they are meant, or refused with the place and the reason. */
import { renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkDataset } from '../../../../src/data/check-dataset.ts';
import { openDetection } from '../../../../src/data/open-dataset.ts';
import { temporaryFolder, writeFiles } from '../folders.ts';
import { picture } from '../pictures.ts';
import { cocoJson, vocXml, writeCoco, writeVoc, writeYolo } from './datasets.ts';

const folder = temporaryFolder();
let count = 0;
const fresh = (): string => join(folder.path, `dataset-${count++}`);
const open = (path: string) => openDetection(path, { validationShare: 0.34, seed: 1 });
const LABEL = '0 0.5 0.5 0.5 0.5\n';

/** Boxes of training and validation together, and the classes. */
async function contents(path: string) {
  const { classes, splits } = await open(path);
  const samples = [...splits.train, ...splits.validation];
  return { classes, images: samples.length, boxes: samples.reduce((sum, { boxes }) => sum + boxes.labels.length, 0) };
}

/** The first fatal finding as `file:line: message`. */
async function fault(root: string): Promise<string> {
  const { fatal } = await checkDataset(root);
  const [first] = fatal;
  if (first === undefined) return 'none';
  const { file, line, message } = first;
  return `${relative(root, file).replaceAll('\\', '/')}${line === undefined ? '' : `:${line}`}: ${message}`;
}

const WHOLE = { classes: ['cat', 'dog'], images: 4, boxes: 5 };

describe('a description of YOLO', () => {
  it.each<[what: string, yaml: string | Uint8Array]>([
    ["Windows' backslashes", 'path: .\\\ntrain: images\\train\nval: .\\images\\val\nnames: [cat, dog]\n'],
    ["CVAT's data/ in front", 'train: data/images/train\nval: images/val\nnames: [cat, dog]\n'],
    ['UTF-16', Buffer.from('\ufefftrain: images/train\nval: images/val\nnames: [cat, dog]\n', 'utf16le')],
    ['a merged mapping', 'a: &a { train: images/train, val: images/val }\n<<: *a\nnames: [cat, dog]\n'],
  ])('is read with %s', async (_, yaml) => {
    const root = writeYolo(fresh());
    writeFileSync(join(root, 'data.yaml'), yaml);
    expect(await contents(root)).toEqual(WHOLE);
  });

  it('may list images as Windows and CVAT write them', async () => {
    const root = writeYolo(fresh(), { yaml: 'train: train.txt\nval: images/val\nnames: [cat, dog]\n' });
    writeFileSync(
      join(root, 'train.txt'),
      'images\\train\\a.png\r\ndata/images/train/b.png\r\n.\\images\\train\\c.png\r\n',
    );
    expect(await contents(root)).toEqual(WHOLE);
  });

  it.each<[what: string, yaml: string | Uint8Array, message: RegExp]>([
    ['names that are empty', 'train: images/train\nnames: []\n', /^data\.yaml: names: is empty; list the class names$/],
    ['an address', 'train: https://a.b/c.zip\nnames: [cat]\n', /^data\.yaml: https:.* is an address; download it/],
    ['a file that is no list', 'train: data.yaml\nnames: [cat]\n', /^data\.yaml: is neither a folder of images nor a/],
    [
      'letters of another encoding',
      Buffer.from('names: [caf\xe9]\n', 'latin1'),
      /^data\.yaml: is no text in UTF-8; save/,
    ],
  ])('is refused with %s', async (_, yaml, message) => {
    const root = writeYolo(fresh());
    writeFileSync(join(root, 'data.yaml'), yaml);
    expect(await fault(root)).toMatch(message);
  });

  it('is refused where no image of its list is there', async () => {
    const root = writeYolo(fresh(), { yaml: 'train: train.txt\nval: images/val\nnames: [cat, dog]\n' });
    writeFileSync(join(root, 'train.txt'), '\nelsewhere/a.png\n');
    expect(await fault(root)).toBe(
      `train.txt:2: none of its images is there; the first was looked for at ${join(root, 'elsewhere/a.png')}`,
    );
  });

  it('of key points gives boxes, not outlines of the points', async () => {
    const labels = { 'train/a': '0 0.5 0.5 0.2 0.2 0.9 0.9 2 0.1 0.1 2\n', 'train/b': '', 'val/d': LABEL };
    const yaml = 'train: images/train\nval: images/val\nkpt_shape: [2, 3]\nnames: [cat, dog]\n';
    const root = writeYolo(fresh(), { yaml, labels });
    const { splits, leftOut } = await open(root);
    expect([...splits.train[0]!.boxes.corners].map((part) => Math.round(10 * part))).toEqual([4, 4, 6, 6]);
    expect(leftOut.map(({ message }) => message)).toEqual(['its key points are not read, only its boxes']);
  });
});

describe('label files that are mostly of another form', () => {
  it.each([
    ['a confidence', '0 0.5 0.5 0.5 0.5 0.9', /6 values, but a box has 5.*remove a confidence/],
    ['commas between values', '0,0.5,0.5,0.5,0.5', /separated by commas; put spaces/],
    ['commas in numbers', '0 0,5 0,5 0,5 0,5', /"0,5" is no number; write a point for its comma/],
    ['names of classes', 'cat 0.5 0.5 0.5 0.5', /"cat" is no number; a class is told by its number/],
  ])('are not trained on as if they were empty: %s', async (_, line, message) => {
    const root = writeYolo(fresh(), { labels: { 'train/a': line, 'train/b': line, 'val/d': LABEL } });
    expect(await fault(root)).toMatch(/^labels\/train\/a\.txt:1: /);
    expect(await fault(root)).toMatch(message);
  });
});

describe('without a description', () => {
  it("CVAT's obj.data is one", async () => {
    const root = writeFiles(fresh(), {
      'obj.data': Buffer.from('classes = 2\ntrain = data/train.txt\nvalid = data/valid.txt\nnames = data/obj.names\n'),
      'obj.names': Buffer.from('cat\ndog\n'),
      'train.txt': Buffer.from('data/obj_train_data/a.png\ndata/obj_train_data/b.png\n'),
      'obj_train_data/a.png': picture(0),
      'obj_train_data/a.txt': Buffer.from(LABEL),
      'obj_train_data/b.png': picture(10),
      'obj_train_data/b.txt': Buffer.from('1 0.5 0.5 0.5 0.5\n'),
    });
    expect(await contents(root)).toEqual({ classes: ['cat', 'dog'], images: 2, boxes: 2 });
    writeFileSync(join(root, 'obj.data'), 'classes = 2\ntrain = data/train.txt\n');
    expect(await fault(root)).toMatch(/^obj\.data: names: missing/);
  });

  it.each(['labels/train/classes.txt', 'labels/classes.txt', 'classes.txt'])(
    'classes are named by %s',
    async (list) => {
      const root = writeYolo(fresh());
      renameSync(join(root, 'data.yaml'), join(root, 'data.bak'));
      writeFileSync(join(root, list), 'cat\ndog\n');
      expect(await contents(root)).toEqual(WHOLE);
    },
  );

  it('images, labels and classes.txt may lie in one folder', async () => {
    const root = writeFiles(fresh(), {
      'classes.txt': Buffer.from('cat\n'),
      'a.png': picture(0),
      'a.txt': Buffer.from(LABEL),
      'b.png': picture(10),
      'b.txt': Buffer.from(LABEL),
    });
    expect(await contents(root)).toEqual({ classes: ['cat'], images: 2, boxes: 2 });
  });
});

describe('a COCO file', () => {
  const boxes = [0, 1].map((image_id) => ({ image_id, category_id: 7, bbox: [0, 0, 50, 25] }));

  it.each([
    ['annotations/instances_default.json', 'images/default'],
    ['result.json', 'images'],
  ])('may be one for all images: %s', async (file, images) => {
    const root = writeFiles(fresh(), {
      [file]: Buffer.from(cocoJson(['a.png', 'images\\b.png'], boxes)),
      [`${images}/a.png`]: picture(0),
      [`${images}/b.png`]: picture(10),
    });
    expect(await contents(root)).toEqual({ classes: ['cat', 'dog'], images: 2, boxes: 2 });
  });

  it('that gives two images one id is refused, and does not lose one in silence', async () => {
    const root = writeCoco(fresh(), []);
    const content = JSON.parse(cocoJson(['a.png', 'b.png'], [boxes[0]!])) as { images: { id: number }[] };
    content.images[1]!.id = 0;
    writeFileSync(join(root, 'annotations/instances_train2017.json'), JSON.stringify(content));
    const { leftOut } = await open(root);
    expect(leftOut.map(({ message }) => message)).toEqual(['image b.png has the id 0 of another; left out']);
  });

  it('says what a field must be', async () => {
    const root = writeCoco(fresh(), []);
    const content = JSON.parse(cocoJson(['a.png'], [])) as { images: { width?: number }[] };
    delete content.images[0]!.width;
    writeFileSync(join(root, 'annotations/instances_train2017.json'), JSON.stringify(content));
    expect(await fault(root)).toMatch(/images\[0\]\.width: must be the pixels of the image/);
  });
});

describe('annotations of VOC', () => {
  const NAMED = [
    ['ISO-8859-1', Buffer.from('caf\xe9', 'latin1'), 'café'],
    ['GB2312', Buffer.from([0xc3, 0xa8]), '猫'],
  ] as const;

  it.each(NAMED)('are read in the encoding that they declare: %s', async (encoding, bytes, name) => {
    const root = writeVoc(fresh());
    const [before, after] = vocXml('b.png', [['@', 1, 1, 50, 25]]).split('@') as [string, string];
    const head = `<?xml version="1.0" encoding="${encoding}"?>\n`;
    writeFileSync(
      join(root, 'Annotations/b.xml'),
      Buffer.concat([Buffer.from(head + before), bytes, Buffer.from(after)]),
    );
    expect((await open(root)).classes).toContain(name);
  });

  it('are read in UTF-16, and refused in an encoding that is none', async () => {
    const root = writeVoc(fresh());
    const file = join(root, 'Annotations/b.xml');
    const declared = (encoding: string): string =>
      `<?xml version="1.0" encoding="${encoding}"?>${vocXml('b.png', [['bird', 1, 1, 50, 25]])}`;
    writeFileSync(file, Buffer.from(`\ufeff${declared('UTF-16')}`, 'utf16le'));
    expect((await open(root)).classes).toContain('bird');
    writeFileSync(file, declared('klingon'));
    const { leftOut } = await open(root);
    expect(leftOut).toEqual([{ file, message: 'is no text in klingon; save it as UTF-8; its image is left out' }]);
  });

  it('leave out objects that are marked difficult, and boxes with their corners swapped', async () => {
    const xml = vocXml('b.png', [
      ['cat', 1, 1, 50, 25],
      ['cat', 50, 25, 1, 1],
      ['dog', 2, 2, 9, 9],
    ]).replace('<name>dog</name>', '<name>dog</name><difficult>1</difficult>');
    const root = writeVoc(fresh(), { 'Annotations/b.xml': xml });
    const { leftOut, splits } = await open(root);
    expect(splits.train[1]!.boxes.labels).toHaveLength(1);
    expect(leftOut.map(({ line, message }) => [line, message])).toEqual([
      [9, expect.stringMatching(/^the box ends before it begins: its corners are swapped/)],
      [14, 'the object is marked difficult; left out'],
    ]);
  });

  it('belong to the image of their own name, whatever name is left in them', async () => {
    const root = writeVoc(fresh(), { 'Annotations/b.xml': vocXml('a.png', [['cat', 1, 1, 50, 25]]) });
    expect((await open(root)).splits.train.map(({ path }) => relative(root, path))).toEqual([
      join('JPEGImages', 'a.png'),
      join('JPEGImages', 'b.png'),
    ]);
  });

  it('may lie beside their images', async () => {
    const root = writeFiles(fresh(), {
      'a.xml': Buffer.from(vocXml('a.png', [['cat', 1, 1, 50, 25]])),
      'b.xml': Buffer.from(vocXml('b.png', [['cat', 1, 1, 50, 25]])),
      'a.png': picture(0),
      'b.png': picture(10),
    });
    expect(await contents(root)).toEqual({ classes: ['cat'], images: 2, boxes: 2 });
  });
});
