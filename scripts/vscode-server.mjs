// A code-server with a profile of its own that has one vsix, and nothing of this machine's editors.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from './package-cache.mjs';
import { installCodeServer } from './vscode-install.mjs';

const START_TIMEOUT = 90_000;

/** Nothing that asks, updates, reports or moves by itself; a hover does not come between a click and its row. */
export const QUIET_SETTINGS = {
  'workbench.startupEditor': 'none',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'workbench.enableExperiments': false,
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  'chat.commandCenter.enabled': false,
  'workbench.hover.delay': 10_000,
  'git.enabled': false,
  'window.menuBarVisibility': 'compact',
  'security.workspace.trust.startupPrompt': 'always',
};

/**
 * Starts a server on a port of 127.0.0.1; `profile` is a folder of its own for everything that the editor writes. The server ends
 * with this process, however that ends (vscode-guard.mjs).
 */
export async function startServer({ vsix, profile, settings = {}, port, log = join(profile, 'server.log') }) {
  const { node, common, env } = installExtension({ vsix, profile });
  mkdirSync(dirname(log), { recursive: true });
  writeSettings(profile, settings);
  const address = `127.0.0.1:${port ?? (await freePort())}`;
  const server = [
    ...common,
    ...['--bind-addr', address, '--auth', 'none', '--disable-telemetry', '--disable-update-check'],
    ...['--disable-getting-started-override', '--disable-proxy', '--ignore-last-opened'],
  ];
  const guard = spawn(process.execPath, [join(import.meta.dirname, 'vscode-guard.mjs'), node, ...server], {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  guard.stdin.on('error', () => undefined);
  const file = createWriteStream(log);
  guard.stdout.pipe(file, { end: false });
  guard.stderr.pipe(file, { end: false });
  const ended = new Promise((resolve) => guard.once('close', resolve));
  const stop = async () => {
    guard.stdin.end();
    await ended;
    await endProcessesOf(profile);
  };
  const url = `http://${address}`;
  if (!(await answers(`${url}/healthz`, guard))) {
    await stop();
    throw new Error(`code-server did not start:\n${readFileSync(log, 'utf8').slice(-4000)}`);
  }
  return { url, profile, stop, ended };
}

/** Makes a profile that has the extension; it lies in `extensions/` there. Returns how the server is run with it. */
export function installExtension({ vsix, profile }) {
  const { node, entry } = installCodeServer();
  const env = environment(profile);
  const config = join(profile, 'config.yaml');
  writeFileSync(config, '');
  const folders = ['--user-data-dir', join(profile, 'data'), '--extensions-dir', join(profile, 'extensions')];
  const common = [entry, '--config', config, ...folders];
  run(node, [...common, '--install-extension', vsix], { env });
  return { node, common, env };
}

/** Writes the settings of a profile. A running editor does not see them change. */
export function writeSettings(profile, settings) {
  const user = join(profile, 'data/User');
  mkdirSync(user, { recursive: true });
  writeFileSync(join(user, 'settings.json'), JSON.stringify({ ...QUIET_SETTINGS, ...settings }, null, 2));
  // Where a server takes settings of `machine` scope from; in the user's it passes over them.
  const machine = join(profile, 'data/Machine');
  mkdirSync(machine, { recursive: true });
  const own = Object.fromEntries(Object.entries(settings).filter(([name]) => name.startsWith('lowrank.')));
  writeFileSync(join(machine, 'settings.json'), JSON.stringify(own, null, 2));
}

/** Of this process's environment only what any program needs: an editor around it must not be spoken to. */
function environment(profile) {
  const home = join(profile, 'home');
  const temporary = join(profile, 'tmp');
  for (const folder of [home, temporary]) mkdirSync(folder, { recursive: true });
  const { PATH, LANG = 'C.UTF-8' } = process.env;
  return { PATH, LANG, HOME: home, TMPDIR: temporary, XDG_CONFIG_HOME: join(home, '.config') };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => {
        resolve(port);
      });
    });
  });
}

async function answers(url, child) {
  const until = Date.now() + START_TIMEOUT;
  while (Date.now() < until && child.exitCode === null) {
    const status = await new Promise((resolve) => {
      get(url, (answer) => resolve(answer.resume().statusCode)).on('error', resolve);
    });
    if (status === 200) return true;
    await delay(100);
  }
  return false;
}

/**
 * Trainers outlive their editor, which is the point of them. Those of a throw-away profile are known by the profile in their command
 * line: they run on the Node that was staged there. Linux only, where /proc tells.
 */
async function endProcessesOf(profile) {
  const own = () => {
    if (process.platform !== 'linux') return [];
    return readdirSync('/proc').filter((name) => {
      if (!/^\d+$/.test(name) || Number(name) === process.pid) return false;
      try {
        return readFileSync(join('/proc', name, 'cmdline'), 'utf8').includes(profile);
      } catch {
        return false;
      }
    });
  };
  for (let tries = 0; tries < 50; tries++) {
    const left = own();
    if (left.length === 0) return;
    for (const pid of left) kill(Number(pid));
    await delay(100);
  }
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
