/** Wheels: fetched once through pip, checked, and taken out what a recipe names. */
import { createWriteStream, mkdirSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { sha256Of } from '../src/engines/packs/checksum.ts';
import { openZipMembers, type ZipMembers } from '../src/formats/zip-members.ts';
import type { Wheel } from './engine-pack-recipes.ts';
import { cached, run } from './package-cache.mjs';

/** What the wheels of the recipes are built for. Python's own version only decides which file is taken; nothing of Python goes into a pack. */
const PYTHON = '3.11';
const PLATFORMS = ['_2_28', '_2_27', '_2_25', '_2_17', '_2_12', '_2_5', '2014', '2010', '1'].map(
  (version) => `manylinux${version}_x86_64`,
);
/** TensorFlow's has 24 000. */
const MAX_MEMBERS = 100_000;

export interface OpenWheel extends ZipMembers {
  readonly wheel: Wheel;
}

/** Throws where the index gives another file than the recipe means. */
export async function openWheel(wheel: Wheel): Promise<OpenWheel> {
  const spec = `${wheel.project}==${wheel.version}`;
  const folder = cached(`wheel-${wheel.project}-${wheel.version}`, (temporary) => {
    const platforms = PLATFORMS.flatMap((platform) => ['--platform', platform]);
    const options = ['--quiet', '--no-deps', '--only-binary=:all:', '--python-version', PYTHON, ...platforms];
    run('pip', ['download', ...options, '--dest', temporary, spec]);
  });
  const file = readdirSync(folder).find((name) => name.endsWith('.whl'));
  if (file === undefined) throw new Error(`no wheel in ${folder}`);
  const path = join(folder, file);
  const sha256 = await sha256Of(path);
  if (sha256 !== wheel.sha256) throw new Error(`${path} has the checksum ${sha256}, not that of its recipe`);
  return { ...(await openZipMembers(path, MAX_MEMBERS)), wheel };
}

/** Writes members to where `place` says, relative to `folder`; undefined for those that stay. Returns what it wrote. */
export async function extract(
  wheel: OpenWheel,
  folder: string,
  place: (member: string) => string | undefined,
): Promise<string[]> {
  const written: string[] = [];
  for (const member of wheel.sizes.keys()) {
    const path = place(member);
    if (path === undefined) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    await pipeline(await wheel.stream(member), createWriteStream(join(folder, path)));
    written.push(path);
  }
  return written;
}

/** Where in a pack the recipe puts a member. */
export function placeInPack({ libraries, others = [] }: Wheel, member: string): string | undefined {
  const name = basename(member);
  if (libraries?.test(member) === true) return `lib/${name}`;
  const folder = others.find(([pattern]) => pattern.test(member))?.[1];
  return folder === undefined ? undefined : `${folder}/${name}`;
}

/** Terms and notices, under a name of their own for each project. */
export function placeOfLicense({ project }: Wheel, member: string): string | undefined {
  const isOwn =
    /\.dist-info\/.*(licen[cs]e|copying|notice)|^[^/]+\/(include\/license|license|third_?party_?notices)(\.txt)?$/i.test(
      member,
    );
  return isOwn ? `licenses/${project}/${basename(member)}` : undefined;
}
