import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type InstallOptions, installPack } from '../../src/engines/packs/install.ts';
import { findPack } from '../../src/engines/packs/installed.ts';
import { lookUp } from '../../src/engines/packs/sources.ts';
import type { ListedPack } from '../../src/engines/packs/manifest.ts';
import { LINUX, sha256Of, writePack } from '../unit/engines/packs/pack-files.ts';

let sandbox: string;
let home: string;
let server: Server;
let address: string;
/** What lies on the server. */
let files: Record<string, Buffer>;
/** Bytes after which the connection is cut, for each request of a pack in turn. */
let cuts: number[];
let requests: string[];

beforeEach(async () => {
  sandbox = mkdtempSync(join(tmpdir(), 'lowrank-packs-'));
  home = join(sandbox, 'engines');
  files = {};
  cuts = [];
  requests = [];
  server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    const content = files[url.slice(1)];
    requests.push(`${method} ${url} ${headers.range ?? ''}`.trim());
    if (content === undefined) return void response.writeHead(404).end();
    const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
    const rest = content.subarray(start);
    response.writeHead(headers.range === undefined ? 200 : 206, {
      'content-length': rest.length,
      ...(headers.range !== undefined && {
        'content-range': `bytes ${start}-${content.length - 1}/${content.length}`,
      }),
    });
    const cut = method === 'GET' && url.startsWith('/packs/') ? cuts.shift() : undefined;
    if (method === 'HEAD') response.end();
    else if (cut === undefined) response.end(rest);
    else response.write(rest.subarray(0, cut), () => setTimeout(() => response.destroy(), 20));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(sandbox, { recursive: true });
});

/** Puts a pack and an index of it on the server. */
async function serve(change: Partial<ListedPack> = {}): Promise<ListedPack> {
  const path = join(sandbox, 'made');
  const { name, version, platform, arch, driver, libc } = await writePack(path);
  const content = readFileSync(path);
  rmSync(path);
  const listed: ListedPack = {
    ...{ name, version, platform, arch, driver, libc, url: 'packs/one.lowrank-engine' },
    ...{ unpackedBytes: 400_000, bytes: content.length, sha256: sha256Of(content) },
    ...change,
  };
  files['packs/one.lowrank-engine'] = content;
  files['index.json'] = Buffer.from(JSON.stringify({ format: 1, packs: [listed] }));
  return listed;
}

const install = (what = 'tensorflow-cpu', options: InstallOptions = {}) =>
  installPack(what, { home, machine: LINUX, index: `${address}/index.json`, retryPauseMs: 1, ...options });

const partsOf = (): string[] => readdirSync(join(home, '.downloads'));

describe('a pack from elsewhere', () => {
  it('is found by its name in the index, fetched and installed', async () => {
    await serve();
    const told: string[] = [];
    const { folder } = await install('tensorflow-cpu', { onProgress: ({ phase }) => told.push(phase) });
    expect(folder).toBe(join(home, 'tensorflow-cpu@1.0.0'));
    expect(new Set(told)).toEqual(new Set(['download', 'unpack']));
    // What was fetched is not kept twice.
    expect(readdirSync(home)).toContain('tensorflow-cpu@1.0.0');
  });

  it('is resumed where the line broke, within one call', async () => {
    const { bytes } = await serve();
    cuts = [Math.floor(bytes / 3), Math.floor(bytes / 3)];
    await install();
    expect(requests.filter((line) => line.includes('bytes='))).toHaveLength(2);
    expect(findPack('tensorflow-cpu', home)).not.toBeNull();
  });

  it('is resumed by the next call', async () => {
    const { bytes } = await serve();
    const half = Math.floor(bytes / 2);
    cuts = [half, 0, 0, 0, 0];
    await expect(install()).rejects.toThrow(/the download broke off \(.*\); start again to resume it/);
    expect(partsOf()).toHaveLength(1);
    requests = [];
    await install();
    expect(requests).toContain(`GET /packs/one.lowrank-engine bytes=${half}-`);
  });

  it('is resumed by its address too, where the server tells its length', async () => {
    const { bytes } = await serve();
    cuts = [Math.floor(bytes / 2)];
    await install(`${address}/packs/one.lowrank-engine`);
    expect(requests.map((line) => line.split(' ')[0])).toEqual(['HEAD', 'GET', 'GET']);
    expect(findPack('tensorflow-cpu', home)).not.toBeNull();
  });

  it('is fetched anew, once, where it contradicts its checksum, and then refused', async () => {
    const listed = await serve();
    const tampered = Buffer.from(files['packs/one.lowrank-engine']!);
    tampered[tampered.length - 200]! ^= 1;
    files['packs/one.lowrank-engine'] = tampered;
    await expect(install()).rejects.toThrow('its content contradicts its checksum, twice');
    expect(requests.filter((line) => line.includes(listed.url))).toHaveLength(2);
    expect(findPack('tensorflow-cpu', home)).toBeNull();
  });

  it('is not fetched where it does not fit the machine or the disk', async () => {
    await serve({ libc: '2.99' });
    await expect(install()).rejects.toThrow('needs glibc 2.99');
    await serve({ driver: '999.1' });
    await expect(install()).rejects.toThrow('needs an NVIDIA driver 999.1');
    await serve({ bytes: 1e9 });
    await expect(install('tensorflow-cpu', { freeSpace: () => Promise.resolve(1e9) })).rejects.toThrow('needs 1.00 GB');
    expect(requests.every((line) => line.includes('index.json'))).toBe(true);
  });

  it('is told missing where index or address lead nowhere', async () => {
    await expect(install()).rejects.toThrow('there is nothing at this address');
    await serve();
    await expect(install('tensorflow-cuda')).rejects.toThrow('is not in the index');
    await expect(install(`${address}/other`)).rejects.toThrow('there is nothing at this address');
    await expect(install('tensorflow-cpu', { index: '' })).rejects.toThrow('no index of engine packs is set');
    await expect(install('nothing.such')).rejects.toThrow('is neither a pack');
  });
});

describe('an index', () => {
  it('gives the newest pack of a name for this system', async () => {
    const listed = await serve();
    const packs = [listed, { ...listed, version: '1.10.0' }, { ...listed, version: '1.9.0' }];
    const foreign = { ...listed, version: '9.0.0', platform: 'plan9' };
    files['index.json'] = Buffer.from(JSON.stringify({ format: 1, packs: [...packs, foreign] }));
    expect((await lookUp('tensorflow-cpu', { index: `${address}/index.json` })).version).toBe('1.10.0');
  });

  it('may lie on the disk, with its packs beside it', async () => {
    const index = join(sandbox, 'index.json');
    await serve({ url: 'one.lowrank-engine' });
    writeFileSync(index, files['index.json']!);
    writeFileSync(join(sandbox, 'one.lowrank-engine'), files['packs/one.lowrank-engine']!);
    await install('tensorflow-cpu', { index });
    expect(requests).toEqual([]);
    expect(findPack('tensorflow-cpu', home)).not.toBeNull();
  });

  it('is refused where it is none', async () => {
    files['index.json'] = Buffer.from('{"format": 1, "packs": [{"name": "x"}]}');
    await expect(install()).rejects.toThrow('index.json');
  });
});
