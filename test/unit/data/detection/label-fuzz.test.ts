/**
 * 10 000 damaged files of each kind of label: whatever they hold, the only failure is an `InputError` of one line, and every box that is
 * read lies in its image and has a class. A share must be read whole and a share refused, else the mutations would test nothing.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { BoxCollector } from '../../../../src/data/detection/boxes.ts';
import { readDataYaml } from '../../../../src/data/detection/data-yaml.ts';
import { LabelFaults } from '../../../../src/data/detection/label-faults.ts';
import { readLabels } from '../../../../src/data/detection/label-text.ts';
import { parseVoc } from '../../../../src/data/detection/voc-xml.ts';
import { InputError } from '../../../../src/shared/errors.ts';
import { mutations } from '../../formats/mutations.ts';
import { vocXml, YAML } from './datasets.ts';

const COUNT = 10_000;
/** Of descriptions, of which a dataset has one. */
const DESCRIPTIONS = 2_000;
const directory = mkdtempSync(join(tmpdir(), 'lowrank-labels-'));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** Of the damaged files, how many `parse` read whole and how many it refused or found fault with. */
function outcomes(
  seeds: readonly string[],
  parse: (text: string) => boolean,
  count = COUNT,
): { whole: number; faulty: number } {
  const counts = { whole: 0, faulty: 0 };
  const bytes = seeds.map((seed) => Buffer.from(seed));
  for (const mutated of mutations(bytes, count)) {
    try {
      if (parse(Buffer.from(mutated).toString('utf8'))) counts.whole++;
      else counts.faulty++;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      expect(error.message).not.toContain('\n');
      counts.faulty++;
    }
  }
  return counts;
}

function expectBoth({ whole, faulty }: { whole: number; faulty: number }): void {
  expect(whole).toBeGreaterThan((whole + faulty) / 100);
  expect(faulty).toBeGreaterThan((whole + faulty) / 20);
}

it('label files of YOLO', () => {
  const seeds = ['0 0.5 0.5 0.25 0.125\n1 0.75 0.25 0.5 0.5\n', '2 1e-1 0.2 .5 0.1 0.4 0.6\r\n\r\n0 1 1 0.01 0.01'];
  const classes = 3;
  expectBoth(
    outcomes(seeds, (text) => {
      const faults = new LabelFaults();
      const collector = new BoxCollector(faults, classes);
      const rows = readLabels(text, 'a.txt', collector, faults);
      const { labels, corners } = collector.boxes;
      for (const [i, label] of labels.entries()) {
        const [x1, y1, x2, y2] = corners.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number];
        const isBox = x1 >= 0 && y1 >= 0 && x2 <= 1 && y2 <= 1 && x2 >= x1 && y2 >= y1;
        if (!isBox || label < 0 || label >= classes) expect.fail(`box ${x1} ${y1} ${x2} ${y2} of class ${label}`);
      }
      const { fatal, warnings } = faults.findings({ images: 1, rows, root: '.' });
      for (const { message } of [...fatal, ...warnings]) expect(message).not.toContain('\n');
      return fatal.length + warnings.length === 0;
    }),
  );
});

it('annotations of VOC', () => {
  const seed = vocXml('a.png', [
    ['dog', 1, 1, 50, 25],
    ['cat', 51, 26, 100, 50],
  ]);
  expectBoth(
    outcomes([seed], (text) => {
      const { width, height, objects } = parseVoc(text, 'a.xml');
      for (const { xmin, ymin, xmax, ymax } of objects)
        if (![xmin, ymin, xmax, ymax].every(Number.isFinite)) expect.fail('a corner that is no number');
      return width > 0 && height > 0;
    }),
  );
});

it('descriptions in YAML', () => {
  const file = join(directory, 'data.yaml');
  expectBoth(
    outcomes(
      [YAML, 'train: [a, b]\nval: &v c\ntest: *v\nnames: [cat, "dog", 3]\nnc: 3\n'],
      (text) => {
        writeFileSync(file, text);
        const { classes, splits } = readDataYaml(file);
        return classes.length > 0 && splits.train.length > 0;
      },
      DESCRIPTIONS,
    ),
  );
});
