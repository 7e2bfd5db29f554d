import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stageDirectory, stageFile } from '../../../src/export/stage.ts';
import { writeFileAtomic } from '../../../src/formats/atomic-write.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lowrank-stage-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function writePair(staged: string): Promise<string> {
  await writeFileAtomic(staged, 'model');
  await writeFileAtomic(`${staged}.data`, 'weights');
  return staged;
}

describe('stageFile', () => {
  it('moves what was written beside its place, in folders that are made', async () => {
    const out = join(folder, 'new', 'm.onnx');
    const { result, files } = await stageFile(out, writePair);
    expect(files).toEqual([out, `${out}.data`]);
    expect(files.map((file) => readFileSync(file, 'utf8'))).toEqual(['model', 'weights']);
    expect(dirname(dirname(result))).toBe(dirname(out));
    expect(readdirSync(dirname(out))).toHaveLength(2);
  });

  it('leaves nothing behind, and what was there as it was, when the work throws', async () => {
    const out = join(folder, 'm.onnx');
    writeFileSync(out, 'before');
    const fails = stageFile(out, async (staged) => {
      await writePair(staged);
      throw new Error('differs');
    });
    await expect(fails).rejects.toThrow('differs');
    expect(readdirSync(folder)).toEqual(['m.onnx']);
    expect(readFileSync(out, 'utf8')).toBe('before');
  });

  it('replaces a file, but no folder', async () => {
    const out = join(folder, 'm.onnx');
    writeFileSync(out, 'before');
    await stageFile(out, writePair);
    expect(readFileSync(out, 'utf8')).toBe('model');
    mkdirSync(join(folder, 'd'));
    await expect(stageFile(join(folder, 'd'), writePair)).rejects.toThrow('is a folder');
  });
});

describe('stageDirectory', () => {
  it('fills a new or an empty folder', async () => {
    for (const name of ['new', 'empty']) {
      const out = join(folder, name);
      if (name === 'empty') mkdirSync(out);
      const { files } = await stageDirectory(out, (staged) => writePair(join(staged, 'm')));
      expect(files).toEqual([join(out, 'm'), join(out, 'm.data')]);
    }
  });

  it('refuses one that holds something, which would be lost', async () => {
    writeFileSync(join(folder, 'thesis.txt'), '');
    await expect(stageDirectory(folder, (staged) => writePair(join(staged, 'm')))).rejects.toThrow('holds thesis.txt');
    expect(existsSync(join(folder, 'thesis.txt'))).toBe(true);
  });

  it('takes the place of no file', async () => {
    const file = join(folder, 'thesis.txt');
    writeFileSync(file, 'words');
    await expect(stageDirectory(file, (staged) => writePair(join(staged, 'm')))).rejects.toThrow(`${file}: is a file`);
    expect(readFileSync(file, 'utf8')).toBe('words');
  });

  it('leaves nothing behind when the work throws', async () => {
    const out = join(folder, 'new');
    await expect(stageDirectory(out, () => Promise.reject(new Error('differs')))).rejects.toThrow('differs');
    expect(readdirSync(folder)).toEqual([]);
  });
});
