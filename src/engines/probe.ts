/**
 * What an engine does on this machine, found out in a process of its own: a broken driver may abort the process that wakes it, or never
 * answer. What was found stands until the machine starts anew or an engine pack changes, for the build of Lowrank that found it.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
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
  version: z.literal(2),
  /** The latest first. */
  builds: z.array(
    z.object({
      /** sha256 of the probe, which holds all that runs an engine. */
      build: z.string(),
      state: z.string(),
      results: z.record(z.string(), probeResultSchema),
    }),
  ),
});
type Found = z.infer<typeof fileSchema>['builds'][number];
/** The editor's build and a command line's may take turns. */
const KEPT_BUILDS = 4;
/** Some engines a build, a few lines each. */
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
  const script = workerFile('probe');
  if (script === undefined) {
    const reason = 'this build cannot probe engines; `npm run build` first';
    return new Map(names.map((name) => [name, { usable: false, reason }]));
  }
  const [build, state] = [await buildOf(script), await machineState()];
  const kept = keptResults();
  const ours = kept.find((found) => found.build === build && found.state === state);
  const known = Object.fromEntries(Object.entries(ours?.results ?? {}).filter(([, { usable }]) => usable || !retry));
  const results = new Map<string, ProbeResult>();
  for (const name of names) results.set(name, known[name] ?? (await probe(script, name)));
  if (names.some((name) => known[name] === undefined)) {
    const others = kept.filter((found) => found.build !== build);
    await keep([{ build, state, results: { ...known, ...Object.fromEntries(results) } }, ...others]);
  }
  return results;
}

async function probe(script: string, name: string): Promise<ProbeResult> {
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

async function buildOf(script: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(script))
    .digest('hex');
}

function keptResults(): readonly Found[] {
  try {
    return readJson(join(packHome(), FILE), fileSchema, { maxBytes: MAX_FILE_BYTES }).builds;
  } catch {
    // None, or one that cannot be read: everything is found out anew.
    return [];
  }
}

async function keep(builds: readonly Found[]): Promise<void> {
  const path = join(packHome(), FILE);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFileAtomic(path, `${JSON.stringify({ version: 2, builds: builds.slice(0, KEPT_BUILDS) }, null, 2)}\n`);
  } catch {
    // A home that cannot be written costs the next one some seconds.
  }
}
