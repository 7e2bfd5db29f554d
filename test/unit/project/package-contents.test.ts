/** What a vsix of each platform holds: what it needs, and nothing else. test/e2e/package.test.ts holds the packed file to the same. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contentsOf, packagedManifest, TARGETS } from '../../../scripts/package-contents.mjs';
import manifest from '../../../package.json' with { type: 'json' };

const ROOT = resolve(import.meta.dirname, '../../..');

/** What a build leaves, some of it not for a package. */
const BUILT = [
  'extension.cjs',
  'host.cjs',
  'cli.js',
  'trainer.js',
  'tasks.js',
  'decode-worker.js',
  'piece-worker.js',
  'score-worker.js',
  'probe.js',
  'tensorflow-worker.js',
  'webview/run.js',
  'webview/run.css',
  'webview/codicon.ttf',
];
const NOT_PACKED = ['trainer.js.map', 'tools/bench.js', 'webview/run.js.map', 'stray.js'];

/** Only these may lie in a package, whatever the list in scripts/ says. */
const ALLOWED = [
  /^(README\.md|CHANGELOG\.md|LICENSE|package\.nls(\.[\w-]+)?\.json)$/,
  /^dist\/(extension|host)\.cjs$/,
  /^dist\/(cli|trainer|tasks|decode-worker|piece-worker|probe|score-worker|tensorflow-worker)\.js$/,
  /^dist\/webview\/[\w-]+\.(js|css|ttf)$/,
  /^schemas\/[\w.-]+\.json$/,
  /^l10n\/[\w.-]+\.json$/,
  /^assets\/([\w-]+\.(svg|png)|pictures\/[\w-]+\.png|sample-base\/[\w.]+|sample-detector\/model\.pt|walkthrough\/[\w.-]+)$/,
  /^node_modules\/onnxruntime-node\/(package\.json|dist\/\w+\.js|bin\/napi-v6\/\w+\/\w+\/[\w.]+)$/,
  /^node_modules\/onnxruntime-common\/(package\.json|dist\/cjs\/[\w.-]+)$/,
  /^node_modules\/@napi-rs\/image\/(index\.js|package\.json|LICENSE)$/,
  /^node_modules\/@napi-rs\/image-[\w-]+\/(package\.json|image\.[\w-]+\.node)$/,
  /^runtime\/(node|node\.exe|LICENSE)$/,
];

/** Of each platform: the engine's libraries beside its binding. */
const ENGINE: Readonly<Record<string, readonly string[]>> = {
  'linux-x64': ['libonnxruntime.so.1'],
  'linux-arm64': ['libonnxruntime.so.1'],
  'win32-x64': ['DirectML.dll', 'dxcompiler.dll', 'dxil.dll', 'onnxruntime.dll'],
  'win32-arm64': ['DirectML.dll', 'dxcompiler.dll', 'dxil.dll', 'onnxruntime.dll'],
  'darwin-arm64': ['libonnxruntime.1.dylib'],
};

let built: string;
beforeAll(() => {
  built = mkdtempSync(join(tmpdir(), 'lowrank-built-'));
  for (const path of [...BUILT, ...NOT_PACKED]) {
    mkdirSync(dirname(join(built, path)), { recursive: true });
    writeFileSync(join(built, path), '');
  }
});
afterAll(() => {
  rmSync(built, { recursive: true });
});

const pathsOf = (target: string): string[] => [
  ...contentsOf(target, { root: ROOT, built, fetched: { node: 'node', licence: 'licence', image: 'image' } }).keys(),
];

/** What processes start beside themselves, by its name in the sources. */
function workersNamed(): string[] {
  const names = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => [...readFileSync(join(ROOT, 'src', path), 'utf8').matchAll(/workerFile\('([\w-]+)'\)/g)])
    .map(([, name]) => name!);
  return [...new Set(names)];
}

test('what is started as a process or a thread of its own is packed', () => {
  expect(workersNamed()).toContain('probe');
  const paths = pathsOf('linux-x64');
  expect(workersNamed().filter((name) => !paths.includes(`dist/${name}.js`))).toEqual([]);
});

test('there is a package for each platform that has the engine', () => {
  expect(Object.keys(TARGETS).toSorted()).toEqual(Object.keys(ENGINE).toSorted());
});

describe.each(Object.keys(ENGINE))('%s', (target) => {
  const [os, arch] = target.split('-') as [string, string];

  test('has nothing that is not allowed', () => {
    expect(pathsOf(target).filter((path) => !ALLOWED.some((pattern) => pattern.test(path)))).toEqual([]);
  });

  test('has every bundle, the schema, the sample bases and its own Node', () => {
    const node = os === 'win32' ? 'runtime/node.exe' : 'runtime/node';
    expect(pathsOf(target)).toEqual(
      expect.arrayContaining([
        ...BUILT.map((path) => `dist/${path}`),
        ...[
          'schemas/lora-job.schema.json',
          'assets/sample-base/model.safetensors',
          'assets/sample-detector/model.pt',
          'package.nls.json',
          node,
        ],
      ]),
    );
    expect(pathsOf(target).filter((path) => path.startsWith('runtime/node'))).toEqual([node]);
  });

  test('has the native files of this platform, and of no other', () => {
    const native = pathsOf(target).filter((path) => /\.(node|so\.1|dll|dylib)$/.test(path));
    expect(native.map((path) => basename(path)).toSorted()).toEqual(
      [...ENGINE[target]!, 'onnxruntime_binding.node', `image.${TARGETS[target]!.image}.node`].toSorted(),
    );
    const folders = native.filter((path) => path.includes('/bin/')).map((path) => dirname(path));
    expect([...new Set(folders)]).toEqual([`node_modules/onnxruntime-node/bin/napi-v6/${os}/${arch}`]);
  });
});

test('the packed manifest names the packed packages, and nothing that only the repository uses', () => {
  const packed = packagedManifest(manifest, pathsOf('linux-x64'));
  expect(packed).not.toHaveProperty('scripts');
  expect(packed).not.toHaveProperty('devDependencies');
  expect(packed).not.toHaveProperty('optionalDependencies');
  expect(Object.keys(packed['dependencies'] as object).toSorted()).toEqual([
    '@napi-rs/image',
    '@napi-rs/image-linux-x64-gnu',
    'onnxruntime-common',
    'onnxruntime-node',
  ]);
  expect(packed['contributes']).toEqual(manifest.contributes);
});
