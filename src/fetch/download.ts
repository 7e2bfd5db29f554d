/**
 * One file from elsewhere: into `<name>.part`, from where that ended the last time, then checked and renamed. The part is hashed as it
 * grows; writing goes by position, so that two processes that download the same file write the same bytes to the same places.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../formats/file-faults.ts';
import { InputError } from '../shared/errors.ts';
import { chunksOf, request, type Server, TransientError } from './request.ts';

/** `git` is the name that git gives a file's content. */
export type Checksum =
  { readonly algorithm: 'sha256'; readonly hex: string } | { readonly algorithm: 'git'; readonly hex: string };

interface WantedFile {
  /** The name in the local folder. */
  readonly name: string;
  /** In bytes, as a listing or an earlier answer tells it. */
  readonly size: number | undefined;
  readonly checksum: Checksum | undefined;
}

/** When neither the listing nor the server says how large a file is, it is a small one. */
const MAX_UNSIZED_BYTES = 100 * 2 ** 20;

export interface Download {
  readonly url: string;
  readonly file: WantedFile;
  /** The folder being filled. */
  readonly directory: string;
  /** Bytes of this file that are here. */
  readonly onBytes: (received: number) => void;
}

/** Downloads a file into `directory`. Throws an `InputError` when its content twice contradicts its checksum. */
export async function downloadFile(server: Server, download: Download): Promise<void> {
  const path = join(download.directory, download.file.name);
  const part = `${path}.part`;
  if (existsSync(path)) return;
  try {
    await fetchChecked(server, download, part);
    await rename(part, path);
  } catch (error) {
    // The part is gone when another process was faster.
    if (codeOf(error) !== 'ENOENT' || !existsSync(path)) throw error;
  }
}

async function fetchChecked(server: Server, download: Download, part: string): Promise<void> {
  const { file } = download;
  for (let attempt = 1; attempt <= 2; attempt++) {
    const digest = await completePart(server, download, part);
    if (file.checksum === undefined || digest === file.checksum.hex) return;
    // Perhaps an old part was no beginning of this file; from nothing it must fit.
    await rm(part, { force: true });
  }
  throw new InputError('its content contradicts its checksum, twice; a proxy or the mirror alters it', {
    file: server.reference,
    field: file.name,
  });
}

/** Brings the part to its full length, over as many connections as it takes, and returns its checksum. */
async function completePart(server: Server, download: Download, part: string): Promise<string> {
  let reached = 0;
  const onBytes = (received: number): void => {
    reached = Math.max(reached, received);
    download.onBytes(received);
  };
  return server.retrying(
    () => receive(server, { ...download, onBytes }, part),
    () => reached,
  );
}

async function receive(server: Server, { url, file, onBytes }: Download, part: string): Promise<string> {
  const handle = await open(part, existsSync(part) ? 'r+' : 'w+');
  try {
    const present = await reusable(handle, file);
    onBytes(present);
    const already = await hashOfStart(file, part, present);
    if (present > 0 && present === file.size) return already.digest('hex');
    const response = await request(server, url, present > 0 ? { headers: { range: `bytes=${present}-` } } : {});
    const start = startOf(response, present);
    if (start === undefined) {
      await response.body?.cancel();
      await handle.truncate(0);
      throw new TransientError(`cannot be resumed at byte ${present}`);
    }
    const hash = start === present ? already : hashFor(file);
    const length = file.size ?? announced(response, start);
    const chunks = chunksOf(server, response, (length ?? MAX_UNSIZED_BYTES) - start);
    const end = await write(handle, chunks, start, hash, onBytes);
    if (length !== undefined && end < length) throw new TransientError(`ended after ${end} of ${length} bytes`);
    await handle.truncate(end);
    await handle.sync();
    return hash.digest('hex');
  } finally {
    await handle.close();
  }
}

/** Bytes of the part that can be built upon: none when it is longer than the file, or nobody says how long that is. */
async function reusable(handle: FileHandle, { size }: WantedFile): Promise<number> {
  const { size: present } = await handle.stat();
  return size !== undefined && present <= size ? present : 0;
}

/** Where an answer starts: at the byte asked for, at 0 when the server ignores ranges, nowhere when it confuses them. */
function startOf(response: Response, asked: number): number | undefined {
  if (response.status === 200) return 0;
  const range = response.headers.get('content-range') ?? '';
  return response.status === 206 && range.startsWith(`bytes ${asked}-`) ? asked : undefined;
}

async function write(
  handle: FileHandle,
  chunks: AsyncIterable<Uint8Array>,
  start: number,
  hash: Hash,
  onBytes: Download['onBytes'],
): Promise<number> {
  let position = start;
  for await (const chunk of chunks) {
    hash.update(chunk);
    for (let done = 0; done < chunk.length;) {
      done += (await handle.write(chunk, done, chunk.length - done, position + done)).bytesWritten;
    }
    position += chunk.length;
    onBytes(position);
  }
  return position;
}

function announced(response: Response, start: number): number | undefined {
  const length = response.headers.get('content-length');
  return length !== null && /^\d{1,15}$/.test(length) ? start + Number(length) : undefined;
}

/** Git names a file by the sha1 of its length and content. */
function hashFor({ checksum, size }: WantedFile): Hash {
  return checksum?.algorithm === 'git' ? createHash('sha1').update(`blob ${size ?? 0}\0`) : createHash('sha256');
}

async function hashOfStart(file: WantedFile, part: string, length: number): Promise<Hash> {
  const hash = hashFor(file);
  if (length === 0) return hash;
  for await (const chunk of createReadStream(part, { end: length - 1, highWaterMark: 2 ** 20 })) {
    hash.update(chunk as Buffer);
  }
  return hash;
}
