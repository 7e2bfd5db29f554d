// What is fetched once and kept between calls: packages of npm for other machines, an editor. Outside the repository, so that a fresh
// clone has it too.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const windows = process.platform === 'win32';

export function cacheFolder() {
  const { LOWRANK_BUILD_CACHE, LOCALAPPDATA, XDG_CACHE_HOME } = process.env;
  if (LOWRANK_BUILD_CACHE) return LOWRANK_BUILD_CACHE;
  if (windows && LOCALAPPDATA) return join(LOCALAPPDATA, 'lowrank-build');
  if (process.platform === 'darwin') return join(homedir(), 'Library/Caches/lowrank-build');
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'lowrank-build');
}

/** A folder of the cache, made by `fill` when it is not there; whole or not at all, also when two processes want it at once. */
export function cached(name, fill) {
  const folder = join(cacheFolder(), name);
  if (existsSync(folder)) return folder;
  mkdirSync(cacheFolder(), { recursive: true });
  const temporary = mkdtempSync(join(cacheFolder(), '.filling-'));
  try {
    fill(temporary);
    renameSync(temporary, folder);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    // Another process was first.
    if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(error.code) || !existsSync(folder)) throw error;
  }
  return folder;
}

/** The files of `name@version` as npm has them. Nothing of it is run. */
export function fetchPackage(spec) {
  return cached(`package-${spec.replaceAll('/', '+')}`, (folder) => {
    run('npm', ['pack', '--silent', '--pack-destination', folder, spec], { shell: windows });
    const archive = readdirSync(folder).find((file) => file.endsWith('.tgz'));
    run('tar', ['-xzf', archive, '--strip-components=1'], { cwd: folder });
    rmSync(join(folder, archive));
  });
}

/** Runs a program to its end; what it printed is shown only when it fails. */
export function run(command, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    ...options,
  });
  if (error !== undefined) throw new Error(`${command}: ${error.message}`);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}\n${stdout}${stderr}`);
  return stdout;
}
