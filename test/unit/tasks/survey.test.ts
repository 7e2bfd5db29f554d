import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { survey } from '../../../src/data/survey.ts';
import { numbered, temporaryFolder, writeFiles } from '../data/folders.ts';

const folder = temporaryFolder();
const at = (name: string): string => `${folder.path}/${name}`;
/** Names are all that is read: the files hold a single byte. */
const pets = (name: string): string =>
  writeFiles(at(name), [...numbered('cat/', 4), ...numbered('dog/', 4), ...numbered('owl/', 4)]);

describe('a chosen path', () => {
  it('that is a dataset is told with its classes and counts', async () => {
    const path = pets('pets');
    const found = await survey(path);
    expect(found).toMatchObject({ kind: 'dataset', path, report: { ready: true, images: null } });
    expect(found.kind !== 'none' && found.report.classes.map(({ name }) => name)).toEqual(['cat', 'dog', 'owl']);
  });

  it.each(['dog', 'dog/0.png'])('that is %s of one leads to the whole', async (part) => {
    const whole = pets(`whole-${part.length}`);
    expect(await survey(`${whole}/${part}`)).toMatchObject({ kind: 'part', whole, report: { ready: true } });
  });

  it('that is train/ leads to the whole', async () => {
    const whole = writeFiles(at('split'), [
      ...numbered('train/cat/', 3),
      ...numbered('train/dog/', 3),
      ...numbered('val/cat/', 2),
      ...numbered('val/dog/', 2),
    ]);
    const report = { counts: { train: 6, validation: 4, test: 0 } };
    expect(await survey(`${whole}/train`)).toMatchObject({ kind: 'part', path: `${whole}/train`, whole, report });
  });

  it('that is none says what was looked for', async () => {
    const path = writeFiles(at('notes'), ['readme.txt']);
    const found = await survey(path);
    expect(found).toMatchObject({ kind: 'none', path });
    expect(found.kind === 'none' && found.message).toMatch(
      /^No dataset here. Lowrank looked for a folder for each class/,
    );
  });

  it.each([
    ['its data.yaml', 'data.yaml', 'dataset'],
    ['the folder around it', '', 'dataset'],
    ['images/ in it', 'train/images', 'part'],
    ['a split of it', 'train', 'part'],
  ] as const)('of object detection is told as such: %s', async (_, chosen, kind) => {
    const root = writeFiles(at(`boxes-${chosen.length}`), {
      'data.yaml': Buffer.from('names: [cat, dog]\ntrain: train/images\n'),
      'train/images/0.png': Uint8Array.of(0),
      'train/images/1.png': Uint8Array.of(0),
      'train/labels/0.txt': Buffer.from('0 0.5 0.5 0.25 0.25\n'),
      'train/labels/1.txt': Buffer.from('1 0.5 0.5 0.25 0.25\n'),
    });
    const path = join(root, chosen);
    const report = { task: 'detection', ready: true, boxes: { counts: { train: 1, validation: 1, test: 0 } } };
    expect(await survey(path)).toMatchObject({ kind, path, report, ...(kind === 'part' && { whole: root }) });
  });

  it('that is not there is the input’s fault', async () => {
    await expect(survey(at('gone'))).rejects.toThrow(at('gone'));
  });
});
