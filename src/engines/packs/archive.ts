/** A pack as a zip file: its manifest is read first, then only what that names is unpacked, and each file must be what it says. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { writeFileAtomic } from '../../formats/atomic-write.ts';
import { codeOf, fileFault } from '../../formats/file-faults.ts';
import { parseJson } from '../../formats/json.ts';
import { makeDirectory } from '../../formats/make-directory.ts';
import { printable } from '../../formats/printable.ts';
import { openZipMembers, type ZipMembers } from '../../formats/zip-members.ts';
import { InputError, messageOf } from '../../shared/errors.ts';
import { type Manifest, manifestSchema, MANIFEST, MAX_MANIFEST_BYTES } from './manifest.ts';

/** Manifest, files and folders; more is none of ours. */
const MAX_MEMBERS = 3000;

export interface PackArchive {
  readonly manifest: Manifest;
  /** Writes every file of the manifest into `folder`, and the manifest. `onBytes` is told how many bytes are written. */
  unpack(folder: string, onBytes: (written: number) => void): Promise<void>;
  close(): void;
}

/** Throws an `InputError` for what is no pack, or a damaged one. */
export async function openArchive(path: string): Promise<PackArchive> {
  const zip = await openZipMembers(path, MAX_MEMBERS);
  try {
    const text = await manifestText(zip, path);
    const manifest = parseJson(text, `${path}/${MANIFEST}`, manifestSchema);
    checkNames(zip, manifest, path);
    return {
      manifest,
      unpack: async (folder, onBytes) => {
        let before = 0;
        for (const file of manifest.files) {
          await unpackFile(zip, file, { archive: path, folder }, (written) => {
            onBytes(before + written);
          });
          before += file.bytes;
        }
        await writeFileAtomic(join(folder, MANIFEST), text);
      },
      close: () => {
        zip.close();
      },
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

async function manifestText(zip: ZipMembers, path: string): Promise<string> {
  const size = zip.sizes.get(MANIFEST);
  if (size === undefined) throw new InputError(`is no engine pack: it holds no ${MANIFEST}`, { file: path });
  if (size > MAX_MANIFEST_BYTES) throw damaged(path, 'its manifest is too large');
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of await zip.stream(MANIFEST)) chunks.push(chunk as Buffer);
  } catch (error) {
    throw damaged(path, messageOf(error));
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Nothing that the manifest names is missing or of another size, and nothing else is there. */
function checkNames({ sizes }: ZipMembers, { files }: Manifest, path: string): void {
  for (const file of files) {
    const size = sizes.get(file.path);
    if (size === undefined) throw damaged(path, `${file.path} is missing`);
    if (size !== file.bytes) throw contradicts(path, file.path);
  }
  const named = new Set([MANIFEST, ...files.map((file) => file.path)]);
  const foreign = [...sizes.keys()].find((name) => !named.has(name));
  if (foreign !== undefined) throw damaged(path, `it holds ${foreign}, which its manifest does not name`);
}

async function unpackFile(
  zip: ZipMembers,
  file: Manifest['files'][number],
  { archive, folder }: { readonly archive: string; readonly folder: string },
  onBytes: (written: number) => void,
): Promise<void> {
  const target = join(folder, file.path);
  await makeDirectory(dirname(target));
  const hash = createHash('sha256');
  let written = 0;
  const source = await zip.stream(file.path);
  source.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    written += chunk.length;
    onBytes(written);
  });
  try {
    await pipeline(source, createWriteStream(target, { flags: 'wx' }));
  } catch (error) {
    // zlib's faults have codes too; those of the system are about the place that is written.
    const code = codeOf(error);
    throw code === undefined || code.startsWith('Z_') ? damaged(archive, messageOf(error)) : fileFault(error, target);
  }
  if (hash.digest('hex') !== file.sha256) throw contradicts(archive, file.path);
  if (file.executable === true) await chmod(target, 0o755);
}

function contradicts(path: string, name: string): InputError {
  return damaged(path, `${name} is not what its manifest says`);
}

function damaged(path: string, reason: string): InputError {
  return new InputError(`is no engine pack, or a damaged one: ${printable(reason)}; fetch it again`, { file: path });
}
