/** What a repository holds at a revision: the commit it stands for, and files with sizes and checksums. */
import * as z from 'zod';
import { parseJson } from '../../formats/json.ts';
import type { Checksum } from '../../fetch/download.ts';
import { chunksOf, request } from '../../fetch/request.ts';
import type { HubReference } from './reference.ts';
import type { HubServer } from './server.ts';

/** A listing of 100 000 files; no model comes near. */
const MAX_LISTING_BYTES = 32 * 2 ** 20;
const MAX_PATH = 500;

const size = z.int().min(0).optional();
const listingSchema = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  siblings: z.array(
    z.object({
      rfilename: z.string().min(1).max(MAX_PATH),
      size,
      blobId: z.string().optional(),
      lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size }).nullish(),
    }),
  ),
});

export interface ListedFile {
  readonly path: string;
  readonly size: number | undefined;
  /** sha256 of large files, git's object name of the others; some mirrors give neither. */
  readonly checksum: Checksum | undefined;
}

export interface Listing {
  readonly commit: string;
  readonly files: readonly ListedFile[];
}

export async function listFiles(server: HubServer, { id, revision }: HubReference): Promise<Listing> {
  const url = `${server.endpoint}/api/models/${id}/revision/${encodeURIComponent(revision)}?blobs=true`;
  return server.retrying(async () => {
    const response = await request(server, url);
    const chunks: Uint8Array[] = [];
    for await (const chunk of chunksOf(server, response, MAX_LISTING_BYTES)) chunks.push(chunk);
    const { sha, siblings } = parseJson(Buffer.concat(chunks).toString('utf8'), url, listingSchema);
    const files = siblings.map(({ rfilename, size: plainSize, blobId, lfs }): ListedFile => {
      if (lfs)
        return { path: rfilename, size: lfs.size ?? plainSize, checksum: { algorithm: 'sha256', hex: lfs.sha256 } };
      const isGit = blobId !== undefined && /^[0-9a-f]{40}$/.test(blobId) && plainSize !== undefined;
      return { path: rfilename, size: plainSize, checksum: isGit ? { algorithm: 'git', hex: blobId } : undefined };
    });
    return { commit: sha, files };
  });
}
