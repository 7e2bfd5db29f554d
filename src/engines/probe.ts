/**
 * What an engine does on this machine, found out in a process of its own: a broken driver may abort the process that wakes it, or never
 * answer. What was found stands until the machine starts anew or an engine pack changes.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { uptime } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import { writeFileAtomic } from '../formats/atomic-write.ts';
import { readJson } from '../formats/json.ts';
import { workerFile } from '../formats/worker-file.ts';
import { messageOf } from '../shared/errors.ts';
import { listPacks, packHome } from './packs/installed.ts';
import { probeResultSchema } from './probe-result.ts';
import type { ProbeResult } from './probe-result.ts';
import { whyUnusable } from './why-unusable.ts';

/** Starting a GPU's driver, compiling its first kernels and half a second of measuring took up to 20 s. */
const TIMEOUT_MS = 90_000;
/** One line of JSON, and what a library may write before it. */
const MAX_OUTPUT_BYTES = 2 ** 20;

const FILE = 'probes.json';
const fileSchema = z.object({
  version: z.literal(1),
  state: z.string(),
  results: z.record(z.string(), probeResultSchema),
});
/** Some engines, a few lines each. */
const MAX_FILE_BYTES = 2 ** 16;

export interface ProbeOptions {
  /** Tries those anew that did not work: somebody may have put in the driver or library that was missing. */
  readonly retry?: boolean;
}

/** The results by engine; those that are not known yet are found out, one engine after the other. */
export async function probeEngines(
  names: readonly string[],
  { retry = false }: ProbeOptions = {},
): Promise<Map<string, ProbeResult>> {
  const state = await machineState();
  const known = Object.fromEntries(Object.entries(knownResults(state)).filter(([, { usable }]) => usable || !retry));
  const results = new Map<string, ProbeResult>();
  for (const name of names) results.set(name, known[name] ?? (await probe(name)));
  if (names.some((name) => known[name] === undefined)) await keep(state, { ...known, ...Object.fromEntries(results) });
  return results;
}

async function probe(name: string): Promise<ProbeResult> {
  const script = workerFile('probe');
  if (script === undefined) return { usable: false, reason: 'this build cannot probe engines; `npm run build` first' };
  try {
    const options = { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT_BYTES } as const;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [script, name], options);
    const result = probeResultSchema.parse(JSON.parse(stdout.trim().split('\n').at(-1)!));
    return result.usable ? result : { usable: false, reason: whyUnusable(result.reason, stderr) };
  } catch (error) {
    return { usable: false, reason: whyItEnded(error) };
  }
}

function whyItEnded(error: unknown): string {
  const { signal, killed } = error as { readonly signal?: string | null; readonly killed?: boolean };
  if (killed === true) return `it did not answer within ${TIMEOUT_MS / 1000} s; its driver hangs`;
  if (typeof signal === 'string') return `its driver or a library ended the process (${signal})`;
  return messageOf(error).split('\n')[0]!;
}

/** Which start of the machine this is, and which packs it has. */
async function machineState(): Promise<string> {
  const packs = listPacks().map((pack) =>
    'manifest' in pack ? `${pack.name} ${pack.manifest.version}` : `${pack.name} broken`,
  );
  const given = ['LOWRANK_ONNXRUNTIME_PACK', 'LOWRANK_TENSORFLOW_PACK'].map((name) => process.env[name] ?? '');
  return [await bootOf(), process.version, ...packs, ...given].join('; ');
}

async function bootOf(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  } catch {
    // Elsewhere than on Linux: when it was, to ten minutes, since clocks are adjusted.
    return String(Math.round((Date.now() / 1000 - uptime()) / 600));
  }
}

function knownResults(state: string): Readonly<Record<string, ProbeResult>> {
  try {
    const file = readJson(join(packHome(), FILE), fileSchema, { maxBytes: MAX_FILE_BYTES });
    return file.state === state ? file.results : {};
  } catch {
    // None, or one that cannot be read: everything is found out anew.
    return {};
  }
}

async function keep(state: string, results: Readonly<Record<string, ProbeResult>>): Promise<void> {
  const path = join(packHome(), FILE);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFileAtomic(path, `${JSON.stringify({ version: 1, state, results }, null, 2)}\n`);
  } catch {
    // A home that cannot be written costs the next one some seconds.
  }
}
