import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HubOptions, type HubProgress, resolveHub } from '../../src/models/hub.ts';
import { InputError } from '../../src/shared/errors.ts';

const COMMIT = 'a'.repeat(40);
const WEIGHTS = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) % 256));
const BASE: Record<string, Buffer> = {
  'config.json': Buffer.from('{"model_type": "vit"}'),
  'preprocessor_config.json': Buffer.from('{}'),
  'README.md': Buffer.from('# A model'),
  'model.safetensors': WEIGHTS,
};

type Handler = (request: IncomingMessage, response: ServerResponse, path: string) => boolean;

/** A hub that serves one repository, `owner/name`, and lets a test answer single requests otherwise. */
class FakeHub {
  files: Record<string, Buffer> = BASE;
  commit = COMMIT;
  /** Returns true when it answered. */
  intercept: Handler = () => false;
  readonly requests: { url: string; range: string | undefined; authorization: string | undefined }[] = [];
  readonly #server: Server = createServer((request, response) => {
    this.#answer(request, response);
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Paths of the files that were asked for. */
  asked(): string[] {
    return this.requests
      .flatMap(({ url }) => /\/resolve\/[^/]+\/(.*)/.exec(url)?.slice(1) ?? [])
      .map(decodeURIComponent);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url ?? '';
    const { range, authorization } = request.headers;
    this.requests.push({ url, range, authorization });
    const path = decodeURIComponent(/\/resolve\/[^/]+\/(.*)/.exec(url)?.[1] ?? '');
    if (this.intercept(request, response, path)) return;
    if (url.startsWith('/api/models/owner/name/revision/')) response.end(JSON.stringify(this.listing()));
    else if (Object.hasOwn(this.files, path)) send(response, this.files[path]!, range);
    else response.writeHead(404).end();
  }

  listing(): { sha: string; siblings: object[] } {
    const siblings = Object.entries(this.files).map(([rfilename, content]) => ({
      rfilename,
      size: content.length,
      blobId: hashOf('sha1', Buffer.concat([Buffer.from(`blob ${content.length}\0`), content])),
      ...(rfilename.endsWith('.json') ? {} : { lfs: { sha256: hashOf('sha256', content), size: content.length } }),
    }));
    return { sha: this.commit, siblings };
  }
}

function hashOf(algorithm: string, content: Buffer): string {
  return createHash(algorithm).update(content).digest('hex');
}

function send(response: ServerResponse, content: Buffer, range: string | undefined): void {
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  if (range !== undefined) {
    response.writeHead(206, { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` });
  }
  response.end(content.subarray(start));
}

/** Sends some bytes of an answer and cuts the connection. */
function cut(response: ServerResponse, content: Buffer): void {
  response.writeHead(200, { 'content-length': content.length + 1000 });
  response.write(content, () => setTimeout(() => response.destroy(), 20));
}

let hub: FakeHub;
let cacheDir: string;
let options: HubOptions;

beforeEach(async () => {
  hub = new FakeHub();
  const sandbox = mkdtempSync(join(tmpdir(), 'lowrank-hub-'));
  cacheDir = join(sandbox, 'cache');
  options = { cacheDir, endpoint: await hub.listen(), offline: false, retryPauseMs: 1 };
});

afterEach(async () => {
  await hub.close();
  // Whatever a server sent, nothing lies beside the cache.
  const sandbox = join(cacheDir, '..');
  expect(readdirSync(sandbox).filter((name) => name !== 'cache')).toEqual([]);
  rmSync(sandbox, { recursive: true });
});

const resolve = (text = 'hf:owner/name', more: Partial<HubOptions> = {}): Promise<string> =>
  resolveHub(text, { ...options, ...more });

async function failure(text?: string, more?: Partial<HubOptions>): Promise<InputError> {
  const error: unknown = await resolve(text, more).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InputError);
  expect((error as InputError).message).not.toContain('\n');
  return error as InputError;
}

describe('a download', () => {
  it('brings the files of a base and no others, under their commit', async () => {
    hub.files = {
      ...BASE,
      'pytorch_model.bin': Buffer.from('x'),
      'run.py': Buffer.from('x'),
      'onnx/model.onnx': WEIGHTS,
    };
    const progress: HubProgress[] = [];
    const folder = await resolve('hf:owner/name', { onProgress: (each) => progress.push(each) });
    expect(basename(folder)).toBe(COMMIT);
    expect(readdirSync(folder).sort()).toEqual(Object.keys(BASE).sort());
    expect(readFileSync(join(folder, 'model.safetensors')).equals(WEIGHTS)).toBe(true);
    const total = Object.values(BASE).reduce((sum, { length }) => sum + length, 0);
    expect(progress.at(-1)).toEqual({ file: 'model.safetensors', received: total, total });
  });

  it('happens once for a commit', async () => {
    const folder = await resolve();
    hub.requests.length = 0;
    expect(await resolve()).toBe(folder);
    expect(hub.requests.map(({ url }) => url)).toEqual(['/api/models/owner/name/revision/main?blobs=true']);
    expect(await resolve(`hf:owner/name@${COMMIT}`)).toBe(folder);
    expect(hub.requests).toHaveLength(1);
  });

  it('may happen twice at once', async () => {
    const folders = await Promise.all([resolve(), resolve(), resolve()]);
    expect(new Set(folders).size).toBe(1);
    expect(readFileSync(join(folders[0], 'model.safetensors')).equals(WEIGHTS)).toBe(true);
  });

  it('follows a branch to its new commit', async () => {
    const before = await resolve('hf:owner/name@refs/pr/1');
    expect(hub.requests[0]?.url).toBe('/api/models/owner/name/revision/refs%2Fpr%2F1?blobs=true');
    hub.commit = 'b'.repeat(40);
    hub.files = { ...BASE, 'config.json': Buffer.from('{"model_type": "deit"}') };
    const after = await resolve('hf:owner/name@refs/pr/1');
    expect(readFileSync(join(after, 'config.json'), 'utf8')).toContain('deit');
    expect(readFileSync(join(before, 'config.json'), 'utf8')).toContain('vit');
  });

  it('brings shards with their index', async () => {
    const sharded = [
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
    ];
    hub.files = Object.fromEntries(
      ['config.json', ...sharded, 'other.safetensors'].map((name) => [name, Buffer.from(name)]),
    );
    expect(readdirSync(await resolve()).sort()).toEqual(['config.json', ...sharded]);
  });

  it('brings ONNX with its external data where there is no safetensors, in one folder', async () => {
    const names = ['onnx/model.onnx', 'onnx/model.onnx_data', 'onnx/model_fp16.onnx'];
    hub.files = Object.fromEntries(['config.json', ...names].map((name) => [name, Buffer.from(name)]));
    expect(readdirSync(await resolve()).sort()).toEqual(['config.json', 'model.onnx', 'model.onnx_data']);
  });

  it('sends the token to the hub, and not to where the hub redirects', async () => {
    const elsewhere = new FakeHub();
    const address = await elsewhere.listen();
    hub.intercept = (_, response, path) => {
      if (path !== 'model.safetensors') return false;
      response.writeHead(302, { location: `${address}/owner/name/resolve/x/${path}` }).end();
      return true;
    };
    const folder = await resolve('hf:owner/name', { token: 'secret' });
    expect(readFileSync(join(folder, 'model.safetensors')).equals(WEIGHTS)).toBe(true);
    expect(hub.requests.every(({ authorization }) => authorization === 'Bearer secret')).toBe(true);
    expect(elsewhere.requests.map(({ authorization }) => authorization)).toEqual([undefined]);
    await elsewhere.close();
  });
});

describe('a bad line', () => {
  it('is resumed where it broke', async () => {
    const cuts = [100_000, 200_000];
    hub.intercept = ({ headers }, response, path) => {
      const end = path === 'model.safetensors' ? cuts.shift() : undefined;
      if (end === undefined) return false;
      const start = Number(/\d+/.exec(headers.range ?? '')?.[0] ?? 0);
      if (start > 0) response.setHeader('content-range', `bytes ${start}-299999/300000`);
      response.writeHead(start > 0 ? 206 : 200, { 'content-length': WEIGHTS.length - start });
      response.write(WEIGHTS.subarray(start, end), () => setTimeout(() => response.destroy(), 20));
      return true;
    };
    const folder = await resolve();
    expect(readFileSync(join(folder, 'model.safetensors')).equals(WEIGHTS)).toBe(true);
    const ranges = hub.requests.flatMap(({ url, range }) => (url.endsWith('model.safetensors') ? [range] : []));
    expect(ranges).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);
  });

  it('is resumed by the next process', async () => {
    hub.intercept = (_, response, path) => {
      if (path !== 'model.safetensors') return false;
      cut(response, WEIGHTS.subarray(0, 100_000));
      return true;
    };
    expect((await failure()).message).toMatch(/the download broke off .*start again to resume it/);
    expect(existsSync(join(cacheDir, 'owner--name', COMMIT))).toBe(false);
    hub.intercept = () => false;
    hub.requests.length = 0;
    await resolve();
    expect(hub.asked()).toEqual(['model.safetensors']);
    expect(hub.requests.at(-1)?.range).toBe('bytes=100000-');
  });

  it('starts over where the server does not resume', async () => {
    const partial = join(cacheDir, 'owner--name', `${COMMIT}.partial`);
    mkdirSync(partial, { recursive: true });
    writeFileSync(join(partial, 'model.safetensors.part'), WEIGHTS.subarray(0, 1000));
    hub.intercept = (_, response, path) => {
      if (path !== 'model.safetensors') return false;
      response.end(WEIGHTS);
      return true;
    };
    expect(readFileSync(join(await resolve(), 'model.safetensors')).equals(WEIGHTS)).toBe(true);
  });

  it('throws away a part that cannot be the beginning', async () => {
    const partial = join(cacheDir, 'owner--name', `${COMMIT}.partial`);
    mkdirSync(partial, { recursive: true });
    writeFileSync(join(partial, 'model.safetensors.part'), Buffer.alloc(1000, 1));
    writeFileSync(join(partial, 'config.json.part'), Buffer.alloc(1000, 1));
    expect(readFileSync(join(await resolve(), 'model.safetensors')).equals(WEIGHTS)).toBe(true);
  });

  it('may be busy or silent for a while', async () => {
    const answers = [503, 429, 0];
    hub.intercept = (_, response) => {
      const status = answers.shift();
      if (status === undefined) return false;
      if (status > 0) response.writeHead(status).end();
      return true;
    };
    expect(existsSync(await resolve('hf:owner/name', { stallMs: 200 }))).toBe(true);
  });
});

describe('a server that errs or lies', () => {
  it('is caught altering bytes', async () => {
    hub.intercept = (_, response, path) => {
      if (path !== 'model.safetensors') return false;
      response.end(Buffer.from(WEIGHTS).fill(0, 500, 510));
      return true;
    };
    expect((await failure()).message).toMatch(/model.safetensors: its content contradicts its checksum/);
    expect(existsSync(join(cacheDir, 'owner--name', COMMIT))).toBe(false);
  });

  it('is caught altering a small file, by its git name', async () => {
    hub.intercept = (_, response, path) => {
      if (path !== 'config.json') return false;
      response.end('{"model_type": "bit"}');
      return true;
    };
    expect((await failure()).message).toMatch(/config.json: its content contradicts its checksum/);
  });

  it('is stopped when it sends more than it listed', async () => {
    hub.intercept = (_, response, path) => {
      if (path !== 'config.json') return false;
      response.end(Buffer.alloc(1_000_000));
      return true;
    };
    expect((await failure()).message).toMatch(/sends more than the 21 bytes/);
  });

  it.each([
    ['../../outside.json', '/etc/config.json', '..\\config.json', 'config.json/../../../outside', 'sub/config.json'],
    ['../model.safetensors', '/model.safetensors', 'onnx/../../model.onnx', 'C:\\model.onnx', '..onnx', '.onnx'],
    ['model-00001-of-00002.safetensors/../../x', 'model.safetensors\0', 'model.onnx\n'],
  ])('cannot choose where files go: %s …', async (...names) => {
    hub.files = { ...BASE, ...Object.fromEntries(names.map((name) => [name, Buffer.from('x')])) };
    expect(readdirSync(await resolve()).sort()).toEqual(Object.keys(BASE).sort());
    expect(hub.asked().sort()).toEqual(Object.keys(BASE).sort());
  });

  it('cannot choose the folder by its commit', async () => {
    hub.commit = '../../../outside';
    expect((await failure()).message).toMatch(/sha/);
    hub.commit = 'b'.repeat(40);
    expect((await failure(`hf:owner/name@${COMMIT}`)).message).toMatch(/answers with another commit/);
  });

  it('is told apart from a hub when it answers with a page', async () => {
    hub.intercept = (_, response) => {
      response.end('<html>Please log in</html>');
      return true;
    };
    expect((await failure()).message).toMatch(/invalid JSON/);
  });
});

describe('what cannot be had', () => {
  it.each([
    [401, /does not exist, is private, or its terms were not accepted.*HF_TOKEN/],
    [403, /HF_TOKEN/],
    [404, /no such model or revision at http/],
    [418, /answered 418/],
  ])('is told for status %i', async (status, message) => {
    hub.intercept = (_, response) => {
      response.writeHead(status).end();
      return true;
    };
    expect((await failure()).message).toMatch(message);
    expect(hub.requests).toHaveLength(1);
  });

  it('is told when offline, unless the cache holds it', async () => {
    expect((await failure('hf:owner/name', { offline: true })).message).toMatch(
      /hf:owner\/name: is not in the cache, and Lowrank is offline; copy the model folder .* or set HF_ENDPOINT/,
    );
    expect(hub.requests).toEqual([]);
    const folder = await resolve();
    expect(await resolve('hf:owner/name', { offline: true })).toBe(folder);
  });

  it('is told when nothing answers, unless the cache holds it', async () => {
    const folder = await resolve();
    await hub.close();
    expect(await resolve()).toBe(folder);
    expect((await failure('hf:owner/other')).message).toMatch(
      /cannot reach http:.*ECONNREFUSED.*; copy the model folder .* or set HF_ENDPOINT/,
    );
  });

  it.each([
    ['pytorch_model.bin', /only in pickle files/],
    ['tf_model.h5', /neither model.safetensors nor an ONNX file/],
  ])('is told for a repository with only %s', async (name, message) => {
    hub.files = { 'config.json': Buffer.from('{}'), [name]: Buffer.from('x') };
    expect((await failure()).message).toMatch(message);
  });

  it('is told when several ONNX files could be meant', async () => {
    hub.files = { 'a.onnx': Buffer.from('x'), 'b.onnx': Buffer.from('x') };
    expect((await failure()).message).toMatch(/holds 2 ONNX files \(a.onnx, b.onnx\)/);
  });

  it('is told when the disk is too small', async () => {
    const listing = { sha: COMMIT, siblings: [{ rfilename: 'model.safetensors', size: 2 ** 50 }] };
    hub.intercept = (_, response, path) => {
      if (path === '') response.end(JSON.stringify(listing));
      return path === '';
    };
    expect((await failure()).message).toMatch(/needs \d+ MB in .*, \d+ MB are free/);
  });

  it.each(['hf:name', 'hf:a/b/c', 'hf:../b', 'hf:a/b@../../x', 'hf:a--b/c', 'hf:a/b@', 'hf:a/b c', 'hf:a/b?x'])(
    'is told for %s',
    async (text) => {
      expect((await failure(text)).message).toMatch(/write a model on the hub as/);
    },
  );

  it('is told for an endpoint that is none', async () => {
    expect((await failure('hf:owner/name', { endpoint: 'file:///etc' })).message).toMatch(/HF_ENDPOINT: /);
  });
});
