/** Where a pack comes from: a name that an index knows, a file, or an address. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chunksOf, request, retryingWith, type Server, TransientError } from '../../fetch/request.ts';
import { parseJson, readJson } from '../../formats/json.ts';
import { InputError } from '../../shared/errors.ts';
import {
  ARCHIVE_ENDING,
  compareVersions,
  indexSchema,
  type ListedPack,
  PACK_NAMES,
  type PackName,
} from './manifest.ts';

/** An index of a hundred packs takes 50 kB. */
const MAX_INDEX_BYTES = 2 ** 20;
const STALL_MS = 60_000;
const RETRY_PAUSE_MS = 500;

export interface SourceOptions {
  /** A file, or an http(s) address; else `LOWRANK_ENGINE_INDEX`. */
  readonly index?: string | undefined;
  /** Silence after which a connection counts as cut, and the first pause between attempts, in milliseconds. */
  readonly stallMs?: number | undefined;
  readonly retryPauseMs?: number | undefined;
}

export type Source =
  | { readonly kind: 'file'; readonly path: string; readonly listed: ListedPack | null }
  | { readonly kind: 'url'; readonly url: string; readonly key: string; readonly listed: ListedPack | null };

export function isPackName(text: string): text is PackName {
  return PACK_NAMES.some((name) => name === text);
}

/** What `text` names. Throws an `InputError` where it is neither name, file nor address. */
export async function sourceOf(text: string, options: SourceOptions = {}): Promise<Source> {
  if (/^https?:\/\//i.test(text)) return at(text, null);
  if (isPackName(text)) return sourceOfListed(await lookUp(text, options), text, options);
  const path = resolve(text);
  if (existsSync(path)) return { kind: 'file', path, listed: null };
  throw new InputError(
    `is neither a pack (${PACK_NAMES.join(', ')}) nor a file; give the path of a ${ARCHIVE_ENDING} file or its address`,
    { file: text },
  );
}

/** The newest of this name for this system that the index has. */
export async function lookUp(name: PackName, options: SourceOptions = {}): Promise<ListedPack> {
  const packs = (await readIndex(name, options)).filter((pack) => pack.name === name);
  const own = packs.filter(({ platform, arch }) => platform === process.platform && arch === process.arch);
  // For another system it is refused with the reason when it is compared with the machine.
  const [newest] = (own.length > 0 ? own : packs).sort((a, b) => compareVersions(b.version, a.version));
  if (newest !== undefined) return newest;
  throw new InputError(`is not in the index ${indexOf(name, options)}; choose another, or give a file`, { file: name });
}

async function readIndex(name: PackName, options: SourceOptions): Promise<ListedPack[]> {
  const index = indexOf(name, options);
  if (!/^https?:\/\//i.test(index)) return readJson(resolve(index), indexSchema, { maxBytes: MAX_INDEX_BYTES }).packs;
  const server = serverOf(index, options);
  try {
    return await server.retrying(async () => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of chunksOf(server, await request(server, index), MAX_INDEX_BYTES)) chunks.push(chunk);
      return parseJson(Buffer.concat(chunks).toString('utf8'), index, indexSchema).packs;
    });
  } catch (error) {
    if (!(error instanceof TransientError)) throw error;
    throw new InputError(`cannot be reached (${error.message}); try again, or install a ${ARCHIVE_ENDING} file`, {
      file: index,
    });
  }
}

/** Whether names can be looked up at all. */
export function hasIndex(): boolean {
  return (process.env['LOWRANK_ENGINE_INDEX'] ?? '') !== '';
}

function indexOf(name: PackName, { index }: SourceOptions): string {
  const chosen = index ?? process.env['LOWRANK_ENGINE_INDEX'] ?? '';
  if (chosen !== '') return chosen;
  throw new InputError(
    `no index of engine packs is set; set LOWRANK_ENGINE_INDEX to one, or give a ${ARCHIVE_ENDING} file (npm run engine-pack makes them)`,
    { file: name },
  );
}

function sourceOfListed(listed: ListedPack, name: PackName, options: SourceOptions): Source {
  const index = indexOf(name, options);
  if (/^https?:\/\//i.test(index)) return at(new URL(listed.url, index).href, listed);
  if (/^https?:\/\//i.test(listed.url)) return at(listed.url, listed);
  const url = new URL(listed.url, pathToFileURL(resolve(index)));
  if (url.protocol === 'file:') return { kind: 'file', path: join(dirname(resolve(index)), listed.url), listed };
  throw new InputError(`${JSON.stringify(listed.url)} is no address of a pack`, { file: index, field: listed.name });
}

function at(url: string, listed: ListedPack | null): Source {
  if (!URL.canParse(url)) throw new InputError('is no address', { file: url });
  // A part that is there belongs to this content; without a checksum, to this address.
  const key = listed?.sha256 ?? createHash('sha256').update(url).digest('hex');
  return { kind: 'url', url, key, listed };
}

export function serverOf(reference: string, { stallMs, retryPauseMs }: SourceOptions): Server {
  return {
    reference,
    stallMs: stallMs ?? STALL_MS,
    retrying: retryingWith(retryPauseMs ?? RETRY_PAUSE_MS),
    explain: (status) => (status === 404 ? 'there is nothing at this address; correct it' : undefined),
  };
}
