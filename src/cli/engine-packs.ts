/** What `lowrank engines` does with packs: lists, installs, updates, checks and removes them. */
import { type InstallProgress, installPack, isNewer, removePack } from '../engines/packs/install.ts';
import { type BrokenPack, checkPack, findPack, type InstalledPack, listPacks } from '../engines/packs/installed.ts';
import { sizeOf } from '../engines/packs/manifest.ts';
import { isPackName, lookUp } from '../engines/packs/sources.ts';
import { InputError } from '../shared/errors.ts';
import { formatBytes } from '../shared/format.ts';
import type { Result, Site } from './command.ts';
import { UsageError } from './exit-codes.ts';
import { table } from './table.ts';
import { LiveLine, paint, type Terminal } from './terminal.ts';

export const PACK_ACTIONS = ['list', 'install', 'update', 'check', 'remove'] as const;

export interface PackRequest {
  readonly action: string;
  /** A pack's name; for `install` also a file or an address. */
  readonly pack: string | undefined;
  readonly index: string | undefined;
  readonly sha256: string | undefined;
}

/** Faster than that nobody reads; on a pipe between two lines. */
const REDRAW_MS = 100;
const PLAIN_MS = 10_000;

export async function performOnPacks({ action, pack, index, sha256 }: PackRequest, { logs }: Site): Promise<Result> {
  switch (action) {
    case 'list':
      return listed();
    case 'install':
      return done('installed', await install(needed(pack, action), { index, sha256 }, logs));
    case 'update':
      return update(pack, index, logs);
    case 'check':
      return check(pack);
    case 'remove': {
      const name = nameOf(needed(pack, action));
      await removePack(name);
      return { json: { removed: name }, lines: () => [`removed ${name}`] };
    }
    default:
      throw new UsageError(`there is no "engines ${action}"; there are ${PACK_ACTIONS.join(', ')}`);
  }
}

function listed(): Result {
  const packs = listPacks();
  return { json: { packs: packs.map(described) }, lines: (out) => packLines(out, packs) };
}

/** A line of titles and one a pack; a sentence where there is none. */
function packLines(out: Terminal, packs: readonly (InstalledPack | BrokenPack)[]): string[] {
  if (packs.length === 0) return ['no engine packs are installed; lowrank engines install NAME|FILE|URL'];
  return table(out, packs.map(described), [
    { title: 'pack', cell: ({ name }) => name },
    { title: 'version', cell: ({ version }) => version ?? '–' },
    { title: 'size', cell: ({ bytes }) => (bytes === null ? '–' : formatBytes(bytes)), right: true },
    { title: 'folder', cell: ({ folder }) => folder },
    { title: '', cell: ({ reason }) => reason ?? '' },
  ]);
}

function described(pack: InstalledPack | BrokenPack) {
  const { name, folder } = pack;
  if (!('manifest' in pack)) return { name, folder, version: null, bytes: null, reason: pack.reason };
  return { name, folder, version: pack.manifest.version, bytes: sizeOf(pack.manifest.files), reason: null };
}

async function install(
  what: string,
  options: { readonly index: string | undefined; readonly sha256?: string | undefined },
  logs: Terminal,
): Promise<InstalledPack> {
  const line = new LiveLine(logs);
  try {
    return await installPack(what, { ...options, onProgress: teller(line, logs) });
  } finally {
    line.clear();
  }
}

function teller(line: LiveLine, logs: Terminal): (progress: InstallProgress) => void {
  let shown = -Infinity;
  return ({ phase, done: bytes, total }) => {
    const now = performance.now();
    if (now - shown < (logs.live ? REDRAW_MS : PLAIN_MS)) return;
    shown = now;
    const text = `${phase} ${formatBytes(bytes)}${total === 0 ? '' : ` of ${formatBytes(total)}`}`;
    if (logs.live) line.show(text.slice(0, logs.columns() - 1));
    else line.print(text);
  };
}

async function update(pack: string | undefined, index: string | undefined, logs: Terminal): Promise<Result> {
  const names = pack === undefined ? listPacks().map(({ name }) => name) : [nameOf(pack)];
  const updated: InstalledPack[] = [];
  for (const name of names) {
    const present = findPack(name);
    // A broken one is mended by the same version.
    if (present !== null && !isNewer(await lookUp(name, { index }), present)) continue;
    updated.push(await install(name, { index }, logs));
  }
  if (updated.length === 0) return { json: { updated: [] }, lines: () => ['nothing newer in the index'] };
  return {
    json: { updated: updated.map(described) },
    lines: () => updated.map(({ name, manifest }) => `updated ${name} to ${manifest.version}`),
  };
}

async function check(pack: string | undefined): Promise<Result> {
  const names = pack === undefined ? listPacks().map(({ name }) => name) : [nameOf(pack)];
  for (const name of names) await checkPack(name);
  return {
    json: { checked: names },
    lines: (out) => (names.length === 0 ? packLines(out, []) : names.map((name) => `${name} is whole`)),
  };
}

function done(what: string, pack: InstalledPack): Result {
  const { name, version, bytes, folder } = described(pack);
  return {
    json: { [what]: described(pack) },
    lines: (out) => [`${paint(out, 'green', what)} ${name} ${version ?? ''} (${formatBytes(bytes ?? 0)}) in ${folder}`],
  };
}

function needed(pack: string | undefined, action: string): string {
  if (pack === undefined) throw new UsageError(`engines ${action} needs the name of a pack`);
  return pack;
}

function nameOf(text: string): InstalledPack['name'] {
  if (isPackName(text)) return text;
  throw new InputError('is no name of a pack; lowrank engines list tells what is installed', { file: text });
}
