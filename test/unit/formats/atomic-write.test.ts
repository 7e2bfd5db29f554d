import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import * as fsPromises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { recoverDirectory, writeDirectoryAtomic, writeFileAtomic } from '../../../src/formats/atomic-write.ts';
import { InputError } from '../../../src/shared/errors.ts';

vi.mock('node:fs/promises', { spy: true });

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lowrank-atomic-'));
});
afterEach(() => {
  vi.mocked(fsPromises.rename).mockReset();
  vi.mocked(fsPromises.open).mockReset();
  rmSync(directory, { recursive: true });
});

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: refused`), { code });
}

describe('writeFileAtomic', () => {
  it.each([
    ['text', 'größer', 'größer'],
    ['bytes', Uint8Array.of(65, 66), 'AB'],
    ['pieces', [Uint8Array.of(65), Uint8Array.of(66), Uint8Array.of(67)], 'ABC'],
  ])('writes %s with its folders and leaves nothing else', async (_, content, expected) => {
    const path = join(directory, 'new', 'file');
    await writeFileAtomic(path, content);
    expect(readFileSync(path, 'utf8')).toBe(expected);
    expect(readdirSync(join(directory, 'new'))).toEqual(['file']);
  });

  it('replaces a file and takes the longest names', async () => {
    const path = join(directory, 'n'.repeat(255));
    await writeFileAtomic(path, 'old');
    await writeFileAtomic(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
  });

  it.each(['ENOSPC', 'EACCES', 'EROFS'])('keeps the old content and names the path at %s', async (code) => {
    const path = join(directory, 'file');
    writeFileSync(path, 'old');
    vi.mocked(fsPromises.rename).mockRejectedValueOnce(systemError(code));
    const error: unknown = await writeFileAtomic(path, 'new').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).place.file).toBe(path);
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(directory)).toEqual(['file']);
  });

  it('leaves nothing when the content itself fails', async () => {
    function* pieces(): Generator<Uint8Array> {
      yield Uint8Array.of(1);
      throw new Error('no more');
    }
    await expect(writeFileAtomic(join(directory, 'file'), pieces())).rejects.toThrow('no more');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('refuses a path through a file', async () => {
    writeFileSync(join(directory, 'file'), '');
    await expect(writeFileAtomic(join(directory, 'file', 'inner'), '')).rejects.toBeInstanceOf(InputError);
    await expect(writeFileAtomic(join(directory, 'file', 'a', 'b'), '')).rejects.toBeInstanceOf(InputError);
  });

  it.skipIf(process.platform !== 'linux')('refuses a place that takes no folders', async () => {
    await expect(writeFileAtomic('/proc/none/file', '')).rejects.toBeInstanceOf(InputError);
  });
});

describe('writeDirectoryAtomic', () => {
  function fill(name: string): (temp: string) => void {
    return (temp) => {
      mkdirSync(join(temp, 'inner'));
      writeFileSync(join(temp, 'inner', name), name);
    };
  }

  it('puts a filled folder in place of a missing and of an existing one', async () => {
    const target = join(directory, 'parent', 'adapter');
    await writeDirectoryAtomic(target, fill('a'));
    await writeDirectoryAtomic(target, fill('b'));
    expect(readdirSync(join(target, 'inner'))).toEqual(['b']);
    expect(readdirSync(join(directory, 'parent'))).toEqual(['adapter']);
  });

  it('shows nothing of a folder while it is being filled', async () => {
    const target = join(directory, 'adapter');
    await writeDirectoryAtomic(target, (temp) => {
      fill('a')(temp);
      expect(existsSync(target)).toBe(false);
    });
    expect(existsSync(target)).toBe(true);
  });

  it('keeps the old folder when filling fails', async () => {
    const target = join(directory, 'adapter');
    await writeDirectoryAtomic(target, fill('a'));
    const failing = writeDirectoryAtomic(target, (temp) => {
      fill('b')(temp);
      throw new Error('half-way');
    });
    await expect(failing).rejects.toThrow('half-way');
    expect(readdirSync(join(target, 'inner'))).toEqual(['a']);
    expect(readdirSync(directory)).toEqual(['adapter']);
  });

  it('tells of a file in it that cannot be written by where it was to lie', async () => {
    const target = join(directory, 'adapter');
    const failing = writeDirectoryAtomic(target, async (temp) => {
      vi.mocked(fsPromises.open).mockRejectedValueOnce(systemError('ENOSPC'));
      await writeFileAtomic(join(temp, 'weights'), 'a');
    });
    await expect(failing).rejects.toThrow(`${join(target, 'weights')}: the disk is full`);
  });

  it('puts the old folder back when the new one cannot take its place', async () => {
    const target = join(directory, 'adapter');
    await writeDirectoryAtomic(target, fill('a'));
    vi.mocked(fsPromises.rename).mockImplementationOnce((from, to) => {
      renameSync(from, to);
      return Promise.resolve();
    });
    vi.mocked(fsPromises.rename).mockRejectedValueOnce(systemError('ENOSPC'));
    await expect(writeDirectoryAtomic(target, fill('b'))).rejects.toThrow(/adapter: the disk is full/);
    expect(readdirSync(join(target, 'inner'))).toEqual(['a']);
    expect(readdirSync(directory)).toEqual(['adapter']);
  });

  it('is recovered when a process died between the two renames', async () => {
    const target = join(directory, 'adapter');
    await writeDirectoryAtomic(target, fill('a'));
    renameSync(target, join(directory, '.previous-adapter'));
    await recoverDirectory(target);
    expect(readdirSync(join(target, 'inner'))).toEqual(['a']);
  });
});
