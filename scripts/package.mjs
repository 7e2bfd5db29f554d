// `npm run package [-- TARGET…|--all]`: one vsix a platform in dist/vsix/, this one's without arguments. The files are laid out in a
// folder of their own first, as package-contents.mjs lists them, and packed by vsce from there.
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { fetchPackage, run } from './package-cache.mjs';
import { contentsOf, fetchedPackages, packagedManifest, TARGETS } from './package-contents.mjs';
import { readZip } from './package-zip.mjs';

const ROOT = resolve(import.meta.dirname, '..');
const OUT = join(ROOT, 'dist/vsix');
/** What a vsix may take: the Marketplace and Open VSX take more, but people download it. */
const MAX_BYTES = 90e6;
const LARGEST = 6;

/** Builds the vsix of a platform and returns its path. */
export function packageTarget(target) {
  return withStage((stage) => pack(target, stage, buildBundles(stage)));
}

export function thisTarget() {
  return `${process.platform}-${process.arch}`;
}

/** A folder of this call's own: two may be packing at once. */
function withStage(work) {
  mkdirSync(OUT, { recursive: true });
  const stage = mkdtempSync(join(OUT, '.stage-'));
  try {
    return work(stage);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** A production build beside the one that is worked with. */
function buildBundles(stage) {
  const built = join(stage, 'bundles');
  run(process.execPath, ['esbuild.config.mjs', '--production', `--out=${built}`], { cwd: ROOT });
  return built;
}

function pack(target, stage, built) {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const specs = fetchedPackages(target, manifest.dependencies['@napi-rs/image']);
  const fetched = Object.fromEntries(Object.entries(specs).map(([use, spec]) => [use, fetchPackage(spec)]));
  const contents = contentsOf(target, { root: ROOT, built, fetched });
  const cwd = join(stage, target);
  for (const [path, source] of contents) {
    const file = join(cwd, path);
    mkdirSync(dirname(file), { recursive: true });
    copyFileSync(source, file);
    chmodSync(file, path.startsWith('runtime/node') ? 0o755 : 0o644);
  }
  tidyPackages(cwd, contents.keys());
  writeJson(join(cwd, 'package.json'), packagedManifest(manifest, contents.keys()));
  copyFileSync(join(ROOT, '.vscodeignore'), join(cwd, '.vscodeignore'));
  requireNamed(manifest, contents);
  const name = `${manifest.name}-${target}-${manifest.version}.vsix`;
  run(
    process.execPath,
    [
      join(ROOT, 'node_modules/@vscode/vsce/vsce'),
      ...['package', '--target', target, '--out', join(stage, name), '--no-yarn', '--allow-missing-repository'],
      // Links of the README are for the repository; and the list above is the check that nothing secret is packed.
      ...['--no-rewrite-relative-links', '--allow-package-all-secrets', '--allow-package-env-file'],
    ],
    { cwd },
  );
  rmSync(cwd, { recursive: true });
  renameSync(join(stage, name), join(OUT, name));
  return join(OUT, name);
}

/** Dependencies of the packages that only their installation needs: vsce would look for them. */
function tidyPackages(stage, paths) {
  for (const path of paths) {
    if (!/^node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path)) continue;
    const file = join(stage, path);
    const { dependencies, optionalDependencies, devDependencies, scripts, ...kept } = JSON.parse(
      readFileSync(file, 'utf8'),
    );
    void [dependencies, optionalDependencies, devDependencies, scripts];
    writeJson(file, kept);
  }
}

function writeJson(file, value) {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

/** Files that the manifest names, and without which nothing runs, are there. */
function requireNamed(manifest, contents) {
  const icons = manifest.contributes.viewsContainers?.activitybar?.map(({ icon }) => icon) ?? [];
  const named = [manifest.main, manifest.icon, ...icons, 'dist/trainer.js', 'dist/decode-worker.js', 'dist/cli.js'];
  for (const path of named) {
    const plain = path?.replace(/^\.\//, '');
    if (plain !== undefined && !contents.has(plain)) throw new Error(`${plain} is not in the package`);
  }
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`.padStart(8);
}

/** Prints what the vsix takes and what takes the most of it; false if it is too large. */
function report(vsix) {
  const { size } = statSync(vsix);
  const members = [...readZip(vsix)].toSorted(([, a], [, b]) => b.packed - a.packed);
  console.log(`${megabytes(size)}  ${basename(vsix)}, ${members.length} files`);
  for (const [path, { packed, unpacked }] of members.slice(0, LARGEST)) {
    console.log(`${megabytes(packed)} of ${megabytes(unpacked)}  ${path}`);
  }
  if (size <= MAX_BYTES) return true;
  console.error(`${basename(vsix)} is larger than ${megabytes(MAX_BYTES).trim()}`);
  return false;
}

function main(args) {
  const targets = args.includes('--all') ? Object.keys(TARGETS) : args.length > 0 ? args : [thisTarget()];
  const unknown = targets.filter((target) => !(target in TARGETS));
  if (unknown.length > 0) {
    console.error(`There is no package for ${unknown.join(', ')}; there is ${Object.keys(TARGETS).join(', ')}.`);
    return 2;
  }
  return withStage((stage) => {
    const built = buildBundles(stage);
    const fits = targets.map((target) => report(pack(target, stage, built)));
    return fits.every(Boolean) ? 0 : 1;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2));
