/** Small detection datasets in each form, for tests: two classes, three training images and one validation image. */
import { join } from 'node:path';
import { picture } from '../pictures.ts';
import { writeFiles } from '../folders.ts';

const text = (content: string): Uint8Array => Buffer.from(content);
/** Every picture differs: equal ones would be told as duplicates. */
const pictures = (paths: readonly string[]) => Object.fromEntries(paths.map((path, i) => [path, picture(10 * i)]));

export interface YoloFiles {
  readonly yaml?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export const YAML = 'path: .\ntrain: images/train\nval: images/val\nnames:\n  0: cat\n  1: dog\n';

/** The boxes of `a` are a cat in the middle and a dog in a corner; `c` is a background. */
export function writeYolo(root: string, { yaml = YAML, labels = {} }: YoloFiles = {}): string {
  const written = {
    'train/a': '0 0.5 0.5 0.5 0.25\n1 0.1 0.1 0.2 0.2\n',
    'train/b': '1 0.5 0.5 1 1\n',
    'val/d': '0 0.25 0.25 0.5 0.5\n1 0.75 0.75 0.5 0.5\n',
    ...labels,
  };
  return writeFiles(root, {
    'data.yaml': text(yaml),
    ...pictures(['images/train/a.png', 'images/train/b.png', 'images/train/c.png', 'images/val/d.png']),
    ...Object.fromEntries(Object.entries(written).map(([name, content]) => [`labels/${name}.txt`, text(content)])),
  });
}

interface Annotation {
  readonly image_id: number;
  readonly category_id: number;
  readonly bbox?: readonly number[];
  readonly iscrowd?: number;
}

/** Categories 7 (cat) and 12 (dog), images of 100 × 50 pixels. */
export function cocoJson(images: readonly string[], annotations: readonly Annotation[]): string {
  return JSON.stringify({
    images: images.map((file_name, id) => ({ id, file_name, width: 100, height: 50 })),
    categories: [
      { id: 12, name: 'dog' },
      { id: 7, name: 'cat' },
    ],
    annotations: annotations.map((annotation, id) => ({ id, ...annotation })),
  });
}

export function writeCoco(root: string, train: readonly Annotation[], train2017 = 'train2017'): string {
  return writeFiles(root, {
    'annotations/instances_train2017.json': text(cocoJson(['a.png', 'b.png'], train)),
    'annotations/instances_val2017.json': text(
      cocoJson(['d.png'], [{ image_id: 0, category_id: 7, bbox: [0, 0, 50, 25] }]),
    ),
    ...pictures([join(train2017, 'a.png'), join(train2017, 'b.png'), 'val2017/d.png']),
  });
}

export function vocXml(
  filename: string,
  objects: readonly (readonly [string, number, number, number, number])[],
): string {
  const listed = objects.map(
    ([name, xmin, ymin, xmax, ymax]) => `  <object>
    <name>${name}</name>
    <part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>
    <bndbox><xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax></bndbox>
  </object>`,
  );
  return `<annotation>
  <filename>${filename}</filename>
  <size><width>100</width><height>50</height><depth>3</depth></size>
${listed.join('\n')}
</annotation>
`;
}

export function writeVoc(root: string, more: Readonly<Record<string, string>> = {}): string {
  const files = {
    'Annotations/a.xml': vocXml('a.png', [
      ['dog', 1, 1, 50, 25],
      ['cat', 51, 26, 100, 50],
    ]),
    'Annotations/b.xml': vocXml('b.png', [['cat', 11, 11, 20, 20]]),
    'Annotations/d.xml': vocXml('d.png', [['dog', 1, 1, 100, 50]]),
    'ImageSets/Main/train.txt': 'a\nb\n',
    'ImageSets/Main/val.txt': 'd\n',
    ...more,
  };
  return writeFiles(root, {
    ...Object.fromEntries(Object.entries(files).map(([path, content]) => [path, text(content)])),
    ...pictures(['JPEGImages/a.png', 'JPEGImages/b.png', 'JPEGImages/d.png']),
  });
}
