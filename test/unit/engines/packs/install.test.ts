import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type InstallOptions, installPack, removePack } from '../../../../src/engines/packs/install.ts';
import { LEASES } from '../../../../src/engines/packs/lock.ts';
import { findPack, listPacks } from '../../../../src/engines/packs/installed.ts';
import { MANIFEST } from '../../../../src/engines/packs/manifest.ts';
import { claim } from '../../../../src/formats/claim.ts';
import { CONTENT, LINUX, manifestOf, writePack, writeZip } from './pack-files.ts';

let sandbox: string;
let home: string;
let file: string;

beforeEach(() => {
  sandbox = mkdtempSync(join(tmpdir(), 'lowrank-packs-'));
  home = join(sandbox, 'engines');
  file = join(sandbox, 'pack.lowrank-engine');
});

afterEach(() => {
  // Whatever a pack holds, nothing lies beside the home of packs.
  expect(readdirSync(sandbox).filter((name) => !['engines', 'pack.lowrank-engine'].includes(name))).toEqual([]);
  rmSync(sandbox, { recursive: true });
});

const install = (options: InstallOptions = {}) => installPack(file, { home, machine: LINUX, ...options });

/** The one line that a refused installation says. */
async function refusal(options?: InstallOptions): Promise<string> {
  const before = listPacks(home);
  const error: unknown = await install(options).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'InputError' });
  expect(listPacks(home)).toEqual(before);
  expect(existsSync(home) ? readdirSync(home).filter((name) => name.startsWith('.tmp-')) : []).toEqual([]);
  return (error as Error).message;
}

describe('an installation', () => {
  it('puts every file in its place, and is found', async () => {
    await writePack(file, { files: { 'lib/libexample.txt': CONTENT, 'cuda/bin/tool': Buffer.from('#!') } });
    const { folder, manifest } = await install();
    expect(folder).toBe(join(home, 'tensorflow-cpu@1.0.0'));
    expect(readFileSync(join(folder, 'lib/libexample.txt'))).toEqual(CONTENT);
    expect(statSync(join(folder, 'cuda/bin/tool')).mode & 0o111).toBe(0o111);
    expect(findPack('tensorflow-cpu', home)?.manifest).toEqual(manifest);
    expect(findPack('tensorflow-cuda', home)).toBeNull();
  });

  it('takes the place of an older one, of which nothing stays', async () => {
    await writePack(file, { files: { 'lib/old.txt': CONTENT } });
    await install();
    await writePack(file, { version: '1.0.1' });
    await install();
    expect(findPack('tensorflow-cpu', home)?.manifest.version).toBe('1.0.1');
    expect(readdirSync(join(home, 'tensorflow-cpu@1.0.1', 'lib'))).toEqual(['libexample.txt']);
    expect(packsIn(home)).toEqual(['tensorflow-cpu@1.0.1']);
  });

  it('tells how far it is', async () => {
    const { files } = await writePack(file);
    const told: string[] = [];
    await install({ onProgress: ({ phase, done, total }) => told.push(`${phase} ${done}/${total}`) });
    expect(told.at(-1)).toBe(`unpack ${files[0]!.bytes}/${files[0]!.bytes}`);
  });

  it('clears what a killed one has left', async () => {
    mkdirSync(join(home, '.tmp-0123'), { recursive: true });
    await writePack(file);
    await install();
    expect(packsIn(home)).toEqual(['tensorflow-cpu@1.0.0']);
  });
});

describe('a file that is no pack', () => {
  it.each([
    ['text', () => writeFile(file, 'hello'), 'is no zip file, or a damaged one'],
    ['an empty file', () => writeFile(file, ''), 'is no zip file, or a damaged one'],
    ['a zip of something else', () => writeZip(file, { 'a.txt': CONTENT }), 'it holds no manifest.json'],
    ['a manifest of another kind', () => writeZip(file, {}, { format: 1 }), 'manifest.json: name: '],
    ['a later format', () => writeZip(file, {}, { ...manifestOf({}), format: 2 }), 'is a pack of another format'],
  ])('is refused: %s', async (_, write, words) => {
    await write();
    expect(await refusal()).toContain(words);
  });

  it.each(['../evil', '/etc/evil', 'lib/../../evil', 'lib\\evil', 'C:/evil', '.hidden', 'lib//x', 'lib/'])(
    'cannot choose where files go: %s',
    async (path) => {
      // yazl would not write such names; the manifest alone decides, and is refused before anything is looked up.
      await writeZip(file, {}, manifestOf({ [path]: CONTENT }));
      expect(await refusal()).toMatch(/files\[0\]\.path: is no plain relative path/);
    },
  );

  it('is refused with a file too many, one too few, and one named twice', async () => {
    await writeZip(file, { 'lib/a': CONTENT, 'lib/b': CONTENT }, manifestOf({ 'lib/a': CONTENT }));
    expect(await refusal()).toContain('it holds lib/b, which its manifest does not name');
    await writeZip(file, { 'lib/a': CONTENT }, manifestOf({ 'lib/a': CONTENT, 'lib/b': CONTENT }));
    expect(await refusal()).toContain('lib/b is missing');
    await writeZip(file, { 'lib/a': CONTENT }, manifestOf({ 'lib/a': CONTENT, 'LIB/A': CONTENT }));
    expect(await refusal()).toContain('names a file twice');
  });
});

describe('a damaged pack', () => {
  it('is refused where a file is not what its manifest says', async () => {
    const other = Buffer.from(CONTENT);
    other[1000]! ^= 1;
    await writeZip(file, { 'lib/a': other }, manifestOf({ 'lib/a': CONTENT }));
    expect(await refusal()).toContain('lib/a is not what its manifest says');
    await writeZip(file, { 'lib/a': CONTENT.subarray(1) }, manifestOf({ 'lib/a': CONTENT }));
    expect(await refusal()).toContain('lib/a is not what its manifest says');
  });

  it('leaves the pack that was there', async () => {
    await writePack(file, { version: '1.0.0' });
    await install();
    await writeZip(file, { 'lib/a': CONTENT.subarray(1) }, manifestOf({ 'lib/a': CONTENT }, { version: '2.0.0' }));
    await refusal();
    expect(findPack('tensorflow-cpu', home)?.manifest.version).toBe('1.0.0');
  });

  it('is refused when it was fetched in half, or changed in a place', async () => {
    await writePack(file);
    const whole = readFileSync(file);
    for (const part of [0.1, 0.5, 0.99]) {
      writeFileSync(file, whole);
      truncateSync(file, Math.floor(whole.length * part));
      expect(await refusal()).toContain('damaged');
    }
    const changed = Buffer.from(whole);
    // In the packed content, behind the manifest.
    changed[Math.floor(whole.length / 2)]! ^= 0xff;
    writeFileSync(file, changed);
    expect(await refusal()).toContain('damaged');
  });

  it('is refused by a checksum that was given', async () => {
    await writePack(file);
    expect(await refusal({ sha256: '0'.repeat(64) })).toContain('its content contradicts its checksum');
  });
});

describe('a machine that a pack is not for', () => {
  it.each([
    ['platform', { arch: 's390x' }, {}, `is for ${process.platform}-s390x, this machine is`],
    ['glibc', { libc: '2.99' }, {}, 'needs glibc 2.99 or later, this system has 2.36'],
    ['C library', {}, { libc: null }, 'this system has another C library'],
    ['driver', { driver: '581.0' }, {}, 'needs an NVIDIA driver 581.0 or later, this machine has 580.65.06'],
    ['no driver', { driver: '525.60.13' }, { driver: null }, 'and none answers here'],
  ])('is told why: %s', async (_, pack, machine, words) => {
    await writePack(file, pack);
    expect(await refusal({ machine: { ...LINUX, ...machine } })).toContain(words);
  });

  it('is told when its disk is too small', async () => {
    await writePack(file);
    expect(await refusal({ freeSpace: () => Promise.resolve(1000) })).toMatch(
      /needs 400 kB in .*, 1.00 kB are free; make room, or set LOWRANK_CACHE/,
    );
  });
});

describe('one at a time', () => {
  it('is refused while a living process installs, and goes on when that has ended', async () => {
    await writePack(file);
    const claimed = await claim(join(home, LEASES));
    if (!('held' in claimed)) throw new Error('a new folder was claimed');
    expect(await refusal()).toContain(`process ${process.pid} on`);
    expect(await refusal()).toContain('is installing or removing an engine pack');
    await claimed.held.release();
    await install();
    expect(packsIn(home)).toEqual(['tensorflow-cpu@1.0.0']);
  });
});

describe('a pack that is here', () => {
  it('is told broken where a file is missing or cut, and is found no more', async () => {
    await writePack(file);
    const { folder } = await install();
    truncateSync(join(folder, 'lib/libexample.txt'), 10);
    expect(findPack('tensorflow-cpu', home)).toBeNull();
    expect(listPacks(home)).toMatchObject([{ reason: expect.stringContaining('has 10 bytes instead of') as string }]);
    rmSync(join(folder, 'lib/libexample.txt'));
    expect(listPacks(home)).toMatchObject([
      { reason: expect.stringContaining('is missing; install it again: lowrank engines install') as string },
    ]);
    writeFileSync(join(folder, MANIFEST), '{');
    expect(listPacks(home)).toMatchObject([{ reason: expect.stringContaining('invalid JSON') as string }]);
  });

  it('is removed, and cannot be removed twice', async () => {
    await writePack(file);
    await install();
    await removePack('tensorflow-cpu', home);
    expect(listPacks(home)).toEqual([]);
    await expect(removePack('tensorflow-cpu', home)).rejects.toThrow('is not installed');
  });

  it.runIf(process.platform === 'linux')('is not taken from a process that runs on it', async () => {
    const program = readFileSync('/bin/sleep');
    await writePack(file, { files: { 'cuda/bin/sleep': program } });
    const { folder } = await install();
    const child = spawn(join(folder, 'cuda/bin/sleep'), ['60']);
    try {
      await once(child, 'spawn');
      await expect(removePack('tensorflow-cpu', home)).rejects.toThrow(
        `process ${child.pid!} is using this pack; stop its training first`,
      );
      expect(await refusal()).toContain('is using this pack');
      // A newer version is put beside it and counts from then on; the old one goes with the last who uses it.
      await writePack(file, { files: { 'cuda/bin/sleep': program }, version: '1.1.0' });
      const newer = await install();
      expect(findPack('tensorflow-cpu', home)).toEqual(newer);
      expect(packsIn(home)).toEqual(['tensorflow-cpu@1.0.0', 'tensorflow-cpu@1.1.0']);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    await install();
    expect(packsIn(home)).toEqual(['tensorflow-cpu@1.1.0']);
  });

  it('gives way to an older one that somebody chose, and to one that lay in a folder without a version', async () => {
    await writePack(file, { version: '1.10.0' });
    await install();
    await writePack(file, { version: '1.9.0' });
    await install();
    expect(packsIn(home)).toEqual(['tensorflow-cpu@1.9.0']);
    renameSync(join(home, 'tensorflow-cpu@1.9.0'), join(home, 'tensorflow-cpu'));
    expect(findPack('tensorflow-cpu', home)?.manifest.version).toBe('1.9.0');
    await install();
    expect(packsIn(home)).toEqual(['tensorflow-cpu@1.9.0']);
  });

  it.runIf(process.platform === 'linux')(
    'is refused where a library that it needs is missing, by its name',
    async () => {
      // A real library under another name: what needs it does not find it.
      const binary = readFileSync('/bin/sleep');
      const renamed = Buffer.from(binary.toString('latin1').replaceAll('libc.so.6', 'libq.so.6'), 'latin1');
      await writePack(file, { files: { 'lib/libneedy.so': renamed } });
      expect(await refusal()).toContain('lib/libneedy.so: needs libq.so.6, which this system does not have');
      await writePack(file, { files: { 'lib/libcontent.so': binary } });
      await install();
    },
  );
});

function packsIn(home: string): string[] {
  return readdirSync(home).filter((name) => name !== LEASES);
}
