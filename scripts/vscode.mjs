// `npm run vscode`: a real VS Code with the packaged extension and the sample dataset, in a throw-away profile. A VS Code of this
// machine where there is one, else code-server in the browser. Ctrl-C ends it; what was trained stays in the workspace.
//   --folder DIR  opens this folder instead of the sample's
//   --port N      where code-server listens (any free port)
//   --server      code-server even where there is a VS Code
//   --setup       only fetches what this and the tests in test/e2e need
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { spawn } from 'node:child_process';
import { cacheFolder, run } from './package-cache.mjs';
import { packageTarget, thisTarget } from './package.mjs';
import { findChromium, findLocalCode, installCodeServer } from './vscode-install.mjs';
import { startServer, writeSettings } from './vscode-server.mjs';

const ROOT = resolve(import.meta.dirname, '..');

/** The workspace of former calls, with its runs, or a new one with the sample dataset. */
function sampleWorkspace() {
  const workspace = join(cacheFolder(), 'workspace');
  if (!existsSync(join(workspace, 'shapes'))) {
    mkdirSync(workspace, { recursive: true });
    run(process.execPath, ['esbuild.config.mjs'], { cwd: ROOT });
    run(process.execPath, [join(ROOT, 'dist/cli.js'), 'sample', join(workspace, 'shapes')]);
  }
  return workspace;
}

async function openLocal(code, { vsix, folder, profile }) {
  const common = ['--user-data-dir', join(profile, 'data'), '--extensions-dir', join(profile, 'extensions')];
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const shell = process.platform === 'win32';
  writeSettings(profile, {});
  run(code, [...root, ...common, '--install-extension', vsix], { shell });
  console.log(`Opening ${folder} in ${code}; this ends when its window is closed.`);
  const window = spawn(code, [...root, ...common, '--new-window', '--wait', folder], { stdio: 'inherit', shell });
  await new Promise((done) => window.once('close', done));
}

async function openServer({ vsix, folder, profile, port }) {
  const server = await startServer({ vsix, profile, port });
  console.log(`\nOpen ${server.url}/?folder=${encodeURIComponent(folder)}\n\nCtrl-C ends it.`);
  const interrupted = new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, done);
  });
  await Promise.race([interrupted, server.ended]);
  await server.stop();
}

async function main() {
  const { values } = parseArgs({
    options: {
      folder: { type: 'string' },
      port: { type: 'string' },
      server: { type: 'boolean', default: false },
      setup: { type: 'boolean', default: false },
    },
  });
  if (values.setup) {
    installCodeServer();
    console.log(`Chromium: ${findChromium()}`);
    return;
  }
  const code = values.server ? undefined : findLocalCode();
  if (code === undefined) installCodeServer();
  console.log('Building and packaging …');
  const vsix = packageTarget(thisTarget());
  const folder = values.folder === undefined ? sampleWorkspace() : resolve(values.folder);
  const profile = mkdtempSync(join(tmpdir(), 'lowrank-vscode-'));
  try {
    const port = values.port === undefined ? undefined : Number(values.port);
    if (code === undefined) await openServer({ vsix, folder, profile, port });
    else await openLocal(code, { vsix, folder, profile });
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
  }
}

await main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
