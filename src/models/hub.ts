/**
 * Bases from a hub with the HTTP interface of Hugging Face: listed, downloaded with resume, checked, and kept by commit.
 *
 *     <cacheDir>/<owner>--<name>/<commit>/            a finished folder: config.json, weights, …
 *     <cacheDir>/<owner>--<name>/<commit>.partial/    what is there of one that is not
 *     <cacheDir>/<owner>--<name>/refs/<revision>      the commit a branch or tag stood for when last asked
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { rename, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { InputError, messageOf } from '../shared/errors.ts';
import { downloadFile } from '../fetch/download.ts';
import { retryingWith, TransientError } from '../fetch/request.ts';
import { writeFileAtomic } from '../formats/atomic-write.ts';
import { fileFault } from '../formats/file-faults.ts';
import { makeDirectory } from '../formats/make-directory.ts';
import { type Listing, listFiles } from './hub/listing.ts';
import { type HubReference, parseHubReference } from './hub/reference.ts';
import { selectFiles, type WantedFile } from './hub/select-files.ts';
import { type HubServer, refusalOf } from './hub/server.ts';

const DEFAULT_ENDPOINT = 'https://huggingface.co';
const STALL_MS = 60_000;
const RETRY_PAUSE_MS = 500;
const COMMIT = /^[0-9a-f]{40}$/;

export interface HubProgress {
  /** The file being received. */
  readonly file: string;
  /** Bytes of all files of this model. */
  readonly received: number;
  readonly total: number;
}

export interface HubOptions {
  readonly cacheDir: string;
  /** Else `HF_ENDPOINT`, else the public hub. */
  readonly endpoint?: string;
  /** Else `HF_TOKEN`. */
  readonly token?: string;
  /** Only what the cache holds; else `HF_HUB_OFFLINE=1`. */
  readonly offline?: boolean;
  readonly onProgress?: (progress: HubProgress) => void;
  /** Silence after which a connection counts as cut, and the first pause between attempts, in milliseconds. */
  readonly stallMs?: number;
  readonly retryPauseMs?: number;
}

/**
 * The local folder of `hf:owner/name[@revision]`, downloaded if need be; its last part is the commit. A branch or tag is looked up
 * each time, and taken as last seen when the hub cannot be reached. Throws an `InputError` that says what to do.
 */
export async function resolveHub(text: string, options: HubOptions): Promise<string> {
  const reference = parseHubReference(text);
  const root = rootOf(options.cacheDir, reference);
  const cached = cachedFolder(root, reference);
  if (cached !== undefined && COMMIT.test(reference.revision)) return cached;
  if (options.offline ?? process.env['HF_HUB_OFFLINE'] === '1') {
    if (cached !== undefined) return cached;
    throw new InputError(`is not in the cache, and Lowrank is offline; ${INSTEAD}`, { file: text });
  }
  const server = serverOf(text, options);
  let listing: Listing;
  try {
    listing = await listFiles(server, reference);
  } catch (error) {
    if (!(error instanceof TransientError)) throw error;
    if (cached !== undefined) return cached;
    throw new InputError(`cannot reach ${server.endpoint} (${error.message}); ${INSTEAD}`, { file: text });
  }
  if (COMMIT.test(reference.revision) && listing.commit !== reference.revision) {
    throw new InputError(`${server.endpoint} answers with another commit, ${listing.commit}`, { file: text });
  }
  const folder = await fetchFolder(server, reference, listing, root, options.onProgress);
  await writeFileAtomic(refPath(root, reference), listing.commit);
  return folder;
}

/**
 * `hf:owner/name@commit` of what was downloaded, without asking the hub: what the revision stood for when last asked. Where the text has
 * none and `main` was never asked for, it is the one commit that is there. Undefined where none is, or several.
 */
export function cachedHub(text: string, cacheDir: string): string | undefined {
  const reference = parseHubReference(text);
  const root = rootOf(cacheDir, reference);
  const folder = cachedFolder(root, reference) ?? (text.includes('@') ? undefined : onlyFolder(root));
  return folder === undefined ? undefined : `hf:${reference.id}@${basename(folder)}`;
}

function rootOf(cacheDir: string, { id }: HubReference): string {
  return join(cacheDir, id.replace('/', '--'));
}

const INSTEAD =
  'copy the model folder here and give its path as the base, or set HF_ENDPOINT to a mirror that can be reached';

function serverOf(reference: string, options: HubOptions): HubServer {
  const endpoint = options.endpoint ?? process.env['HF_ENDPOINT'] ?? DEFAULT_ENDPOINT;
  const protocol = URL.canParse(endpoint) ? new URL(endpoint).protocol : '';
  if (protocol !== 'https:' && protocol !== 'http:') {
    throw new InputError(`${JSON.stringify(endpoint)} is not the address of a hub`, { field: 'HF_ENDPOINT' });
  }
  const trimmed = endpoint.replace(/\/+$/, '');
  return {
    reference,
    endpoint: trimmed,
    explain: (status) => refusalOf(status, trimmed),
    token: options.token ?? process.env['HF_TOKEN'],
    stallMs: options.stallMs ?? STALL_MS,
    retrying: retryingWith(options.retryPauseMs ?? RETRY_PAUSE_MS),
  };
}

async function fetchFolder(
  server: HubServer,
  { id }: HubReference,
  { commit, files }: Listing,
  root: string,
  onProgress: HubOptions['onProgress'],
): Promise<string> {
  const folder = join(root, commit);
  if (existsSync(folder)) return folder;
  const partial = `${folder}.partial`;
  const wanted = selectFiles(files, { file: server.reference });
  const total = wanted.reduce((sum, { size = 0 }) => sum + size, 0);
  try {
    await makeDirectory(partial);
    await checkSpace(partial, wanted, server.reference);
    let before = 0;
    for (const file of wanted) {
      const path = file.path.split('/').map(encodeURIComponent).join('/');
      const url = `${server.endpoint}/${id}/resolve/${commit}/${path}`;
      const onBytes = (bytes: number): void => onProgress?.({ file: file.name, received: before + bytes, total });
      await downloadFile(server, { url, file, directory: partial, onBytes });
      before += file.size ?? 0;
    }
    await rename(partial, folder);
  } catch (error) {
    // Another process may have finished the same folder meanwhile.
    if (existsSync(folder)) return folder;
    if (error instanceof TransientError) {
      throw new InputError(`the download broke off (${messageOf(error)}); start again to resume it, or ${INSTEAD}`, {
        file: server.reference,
      });
    }
    throw fileFault(error, partial);
  }
  return folder;
}

async function checkSpace(directory: string, wanted: readonly WantedFile[], reference: string): Promise<void> {
  const missing = wanted.reduce((sum, { name, size = 0 }) => sum + size - presentBytes(directory, name), 0);
  const { bavail, bsize } = await statfs(directory);
  if (missing > bavail * bsize) {
    throw new InputError(`needs ${megabytes(missing)} MB in ${directory}, ${megabytes(bavail * bsize)} MB are free`, {
      file: reference,
    });
  }
}

function presentBytes(directory: string, name: string): number {
  const path = [name, `${name}.part`].map((file) => join(directory, file)).find((file) => existsSync(file));
  return path === undefined ? 0 : statSync(path).size;
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1e6);
}

function refPath(root: string, { revision }: HubReference): string {
  return join(root, 'refs', encodeURIComponent(revision));
}

/** The finished folder of a commit, or of what a branch or tag stood for when last asked. */
function cachedFolder(root: string, reference: HubReference): string | undefined {
  const ref = refPath(root, reference);
  const commit = COMMIT.test(reference.revision)
    ? reference.revision
    : existsSync(ref)
      ? readFileSync(ref, 'utf8').trim()
      : '';
  const folder = join(root, commit);
  return COMMIT.test(commit) && existsSync(folder) ? folder : undefined;
}

function onlyFolder(root: string): string | undefined {
  const commits = existsSync(root) ? readdirSync(root).filter((name) => COMMIT.test(name)) : [];
  return commits.length === 1 ? join(root, commits[0]!) : undefined;
}
