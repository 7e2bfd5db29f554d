/**
 * An engine pack: a folder with the native libraries of one engine and a manifest that names every file of it.
 *
 *     <pack>/manifest.json
 *     <pack>/lib/*.so*         libraries, which find each other in their own folder
 *     <pack>/binding/*.node    the binding of the engines that have it apart
 *     <pack>/licenses/*        of everything in it
 *
 * It travels as one zip file, `<name>-<version>-<platform>-<arch>.lowrank-engine`.
 */
import * as z from 'zod';

export const PACK_NAMES = ['tensorflow-cpu', 'tensorflow-cuda', 'onnxruntime-cuda'] as const;
export type PackName = (typeof PACK_NAMES)[number];

export const MANIFEST = 'manifest.json';
export const ARCHIVE_ENDING = '.lowrank-engine';

/** CUDA's libraries come in a few dozen files; nobody's pack has a thousand. */
const MAX_FILES = 1000;
/** TensorFlow with all of CUDA takes 5 GB. */
const MAX_PACK_BYTES = 16 * 2 ** 30;
/** Of the manifest's text. */
export const MAX_MANIFEST_BYTES = 2 ** 20;

/** Plain names in plain folders: no pack writes elsewhere. */
const path = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._+-]*(\/[A-Za-z0-9_][A-Za-z0-9._+-]*)*$/, 'is no plain relative path');
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'is no sha256');
const dotted = z
  .string()
  .max(30)
  .regex(/^\d+(\.\d+)*$/, 'is no version number');
const bytes = z.int().min(0).max(MAX_PACK_BYTES);

/** What says whether a pack fits a machine. */
const fit = {
  name: z.enum(PACK_NAMES, `is none of ${PACK_NAMES.join(', ')}`),
  /** Of the pack, not of its libraries. */
  version: dotted,
  platform: z.string().max(30),
  arch: z.string().max(30),
  /** Oldest NVIDIA driver that runs it; null where it needs none. */
  driver: dotted.nullable(),
  /** Oldest glibc. */
  libc: dotted,
};
/** All of its files together. */
const unpacked = { unpackedBytes: bytes };

export const manifestSchema = z
  .object({
    format: z.literal(1, 'is a pack of another format; update Lowrank or the pack'),
    ...fit,
    /** What is in it, by the name of its vendor. */
    libraries: z.record(z.string().max(60), z.string().max(60)),
    files: z
      .array(z.object({ path, bytes, sha256, executable: z.boolean().optional() }))
      .min(1)
      .max(MAX_FILES),
    licenses: z.array(z.object({ of: z.string().max(60), file: path })).max(MAX_FILES),
  })
  .refine(({ files }) => new Set(files.map((file) => file.path.toLowerCase())).size === files.length, {
    message: 'names a file twice',
    path: ['files'],
  })
  .refine(({ files }) => sizeOf(files) <= MAX_PACK_BYTES, {
    message: `is larger than ${MAX_PACK_BYTES} bytes`,
    path: ['files'],
  });
export type Manifest = z.infer<typeof manifestSchema>;

/** What an index of packs says of each: enough to refuse one before it is fetched. */
export const listedPackSchema = z.object({
  ...fit,
  ...unpacked,
  /** Relative to the index. */
  url: z.string().min(1).max(2000),
  bytes,
  sha256,
});
export type ListedPack = z.infer<typeof listedPackSchema>;

export const indexSchema = z.object({ format: z.literal(1), packs: z.array(listedPackSchema).max(MAX_FILES) });

/** What both say. */
export type Fit = Pick<Manifest, keyof typeof fit>;

export function sizeOf(files: readonly { readonly bytes: number }[]): number {
  return files.reduce((sum, file) => sum + file.bytes, 0);
}

/** Dotted numbers: negative where `a` is older than `b`. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < Math.max(left!.length, right!.length); i++) {
    const difference = (left![i] ?? 0) - (right![i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
