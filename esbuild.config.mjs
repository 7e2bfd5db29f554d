// One bundle per process. `--watch` rebuilds on change, `--production` minifies for the vsix, `--out=DIR` is the folder instead of dist.
import { existsSync } from 'node:fs';
import process from 'node:process';
import esbuild from 'esbuild';

const watch = process.argv.includes('--watch');
const production = process.argv.includes('--production');
const out = process.argv.find((argument) => argument.startsWith('--out='))?.slice('--out='.length) ?? 'dist';

/** Native packages stay outside: they load their binaries relative to their own folder. `vscode` is the editor itself. */
const external = ['vscode', 'onnxruntime-node', '@napi-rs/image'];

/** @type {esbuild.BuildOptions} */
const common = {
  bundle: true,
  platform: 'node',
  target: 'node20.12',
  external,
  // jsonc-parser's CommonJS form hides its requires from bundlers.
  mainFields: ['module', 'main'],
  minify: production,
  // Stack traces of a user's bug report name sources and lines.
  sourcemap: production ? false : 'linked',
  keepNames: production,
  logLevel: 'warning',
};

/** CommonJS packages inside an ESM bundle still call `require` for Node's own modules. */
const require =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/** One bundle each. */
const VIEWS = ['sidebar', 'job', 'run', 'adapter', 'try'];

/** The entry of the extension loads the rest when it is needed: a bundle of its own. */
const lateHost = {
  name: 'late-host',
  setup: (build) => {
    build.onResolve({ filter: /^\.\/main\.ts$/ }, () => ({ path: './host.cjs', external: true }));
  },
};

/** @type {esbuild.BuildOptions[]} */
const bundles = [
  {
    ...common,
    format: 'esm',
    entryPoints: {
      cli: 'src/cli/main.ts',
      trainer: 'src/trainer/main.ts',
      tasks: 'src/tasks/main.ts',
      'decode-worker': 'src/data/decode-worker.ts',
      'piece-worker': 'src/trainer/detection/piece-worker.ts',
      'score-worker': 'src/trainer/detection/score-worker.ts',
      probe: 'src/engines/probe-main.ts',
    },
    outdir: out,
    banner: { js: require },
  },
  // TensorFlow.js is in the one file that a thread of its own loads when the engine is chosen. It asks @mapbox/node-pre-gyp for its binding.
  {
    ...common,
    format: 'esm',
    entryPoints: { 'tensorflow-worker': 'src/engines/tensorflow-worker.ts' },
    outdir: out,
    // Its classes are functions, which can extend no class of the packages' newer form.
    mainFields: ['main'],
    alias: { '@mapbox/node-pre-gyp': './src/engines/tensorflow-binding.ts' },
    banner: { js: `${require} const __dirname = import.meta.dirname;` },
  },
  // Tools of the repository, not of the product.
  {
    ...common,
    format: 'esm',
    entryPoints: {
      pretrain: 'scripts/pretrain.ts',
      'pretrain-detector': 'scripts/pretrain-detector.ts',
      bench: 'test/bench/bench.ts',
      gpu: 'test/bench/gpu.ts',
      'bench-data': 'test/bench/data.ts',
      'bench-detectors': 'test/bench/detectors.ts',
      'gpu-check': 'test/gpu/check.ts',
      'detection-trials': 'test/bench/detection-trials/main.ts',
      'engine-pack': 'scripts/engine-pack.ts',
    },
    outdir: `${out}/tools`,
    banner: { js: require },
  },
  // The oldest supported VS Code loads CommonJS extensions only.
  {
    ...common,
    format: 'cjs',
    entryPoints: { extension: 'src/extension/extension.ts', host: 'src/extension/main.ts' },
    outdir: out,
    outExtension: { '.js': '.cjs' },
    plugins: [lateHost],
  },
  // Views: nothing of Node, and all that a page loads beside its bundle is its style sheet.
  {
    ...common,
    platform: 'browser',
    target: 'chrome128',
    external: [],
    format: 'esm',
    entryPoints: Object.fromEntries(VIEWS.map((name) => [name, `webview/${name}/main.tsx`])),
    outdir: `${out}/webview`,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.ttf': 'file' },
  },
].map((bundle) => ({
  ...bundle,
  entryPoints: Object.fromEntries(Object.entries(bundle.entryPoints).filter(([, path]) => existsSync(path))),
}));

for (const bundle of bundles) {
  if (watch) await (await esbuild.context(bundle)).watch();
  else await esbuild.build(bundle);
}
