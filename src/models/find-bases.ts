/**
 * Models on this machine that a job could name as its base: looked for by file names, and told by what their `config.json` and model
 * card say, or what lies beside the weights in a checkpoint. No weights are read, so a model that is listed may still be refused when it is opened.
 * One that cannot be looked into is told with its reason, and hides no other.
 */
import { type Dirent, existsSync, readFileSync, statSync } from 'node:fs';
import { opendir, readdir } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import * as z from 'zod';
import { readJson } from '../formats/json.ts';
import { openTorchCheckpoint } from '../formats/torch-checkpoint.ts';
import { InputError, messageOf } from '../shared/errors.ts';
import type { BaseCandidate, BasesResult } from '../shared/protocol/results.ts';
import { dataHome } from '../formats/data-home.ts';
import { SAMPLE_DETECTOR } from '../shared/task-defaults.ts';
import { sampleBase, sampleDetector } from './locate-base.ts';
import { FAMILIES } from './transformers/families.ts';
import { readCheckpoint } from './yolo/checkpoint.ts';

/** What a job calls the base that comes with Lowrank. */
const SAMPLE = 'sample';
/** Neither models of the user's, nor places to lose time in. Hidden folders are skipped too, `.lowrank` and `.git` among them. */
const SKIPPED: ReadonlySet<string> = new Set(['node_modules', '__pycache__', 'site-packages', 'venv']);
/** Deeper than projects keep their models. */
const MAX_DEPTH = 6;
/** Folders that are looked into; at a few thousand a second the search ends while a person waits for it. */
const MAX_FOLDERS = 5000;
/** Entries of one folder: one with more holds images, not models. */
const MAX_ENTRIES = 2000;
/** More than a person picks from. */
const MAX_FOUND = 200;
/** Of a model card: its front matter is at the top. */
const CARD_BYTES = 8192;

export interface SearchOptions {
  /** Where downloads are kept; the hub's cache of this machine else. */
  readonly cache?: string;
}

export async function findBases(
  folders: readonly string[],
  { cache = dataHome('hub') }: SearchOptions = {},
): Promise<BasesResult> {
  const search = new Search();
  for (const folder of folders) await search.visit(resolve(folder), resolve(folder), MAX_DEPTH);
  const found = search.found.sort((a, b) => (a.base < b.base ? -1 : 1));
  return { bases: [...(await samples()), ...(await cachedBases(cache)), ...found], truncated: search.truncated };
}

class Search {
  readonly found: BaseCandidate[] = [];
  truncated = false;
  #folders = 0;

  async visit(folder: string, root: string, depth: number): Promise<void> {
    if (this.#folders >= MAX_FOLDERS || this.found.length >= MAX_FOUND) {
      this.truncated = true;
      return;
    }
    this.#folders += 1;
    const entries = await this.#entriesOf(folder);
    const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    const label = (path: string): string => relative(root, path) || basename(path);
    const weights = files.filter((name) => name.endsWith('.safetensors'));
    if (files.includes('config.json') && weights.length > 0) {
      this.found.push(
        await folderCandidate(folder, weights, { base: folder, label: label(folder), kind: 'transformers' }),
      );
    }
    for (const name of files) {
      const path = join(folder, name);
      if (name.endsWith('.onnx')) this.found.push(onnxCandidate(path, label(path)));
      if (name.endsWith('.pt')) this.found.push(await checkpointCandidate(path, label(path)));
    }
    if (depth === 0) return;
    for (const entry of entries) {
      if (!entry.isDirectory() || entry.name.startsWith('.') || SKIPPED.has(entry.name)) continue;
      await this.visit(join(folder, entry.name), root, depth - 1);
    }
  }

  /** None of a folder that cannot be read. Links are not followed: they may lead anywhere. */
  async #entriesOf(folder: string): Promise<Dirent[]> {
    const entries: Dirent[] = [];
    try {
      for await (const entry of await opendir(folder)) {
        entries.push(entry);
        if (entries.length < MAX_ENTRIES) continue;
        this.truncated = true;
        break;
      }
    } catch {
      return [];
    }
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

/** An installation that lost them still lists what else there is. */
async function samples(): Promise<BaseCandidate[]> {
  const classifier = { base: SAMPLE, label: SAMPLE, kind: 'sample', task: 'classification' } as const;
  const detector = { base: SAMPLE_DETECTOR, label: SAMPLE_DETECTOR, kind: 'sample', task: 'detection' } as const;
  const nothing = { architecture: null, bytes: 0, licence: null };
  return [
    await describe({ ...classifier, ...nothing }, () =>
      folderCandidate(sampleBase(), ['model.safetensors'], classifier),
    ),
    await describe({ ...detector, ...nothing }, async () => ({
      ...(await checkpointCandidate(sampleDetector(), SAMPLE_DETECTOR)),
      ...detector,
    })),
  ];
}

/** What is known of a candidate, with the reason why there is no more to tell where reading it fails. */
async function describe(
  known: Omit<BaseCandidate, 'obstacle'>,
  read: () => BaseCandidate | Promise<BaseCandidate>,
): Promise<BaseCandidate> {
  try {
    return await read();
  } catch (error) {
    const own = error instanceof InputError && error.place.file === known.base;
    return { ...known, obstacle: own ? error.reason : messageOf(error) };
  }
}

/** `<owner>--<name>/<commit>/`, as `hub.ts` keeps them; named with their commit they need no network. */
async function cachedBases(cache: string): Promise<BaseCandidate[]> {
  const found: BaseCandidate[] = [];
  for (const model of await namesIn(cache)) {
    const id = model.replace('--', '/');
    for (const commit of (await namesIn(join(cache, model))).filter((name) => /^[0-9a-f]{40}$/.test(name))) {
      const folder = join(cache, model, commit);
      const weights = (await namesIn(folder)).filter((name) => /\.(safetensors|onnx)$/.test(name));
      found.push(await folderCandidate(folder, weights, { base: `hf:${id}@${commit}`, label: id, kind: 'hub' }));
    }
  }
  return found;
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}

const configSchema = z.looseObject({ model_type: z.string(), architectures: z.array(z.string()).optional() });

async function folderCandidate(
  folder: string,
  weights: readonly string[],
  own: Pick<BaseCandidate, 'base' | 'label' | 'kind'>,
): Promise<BaseCandidate> {
  const bytes = weights.reduce((sum, name) => sum + sizeOf(join(folder, name)), 0);
  const rest = { ...own, task: 'classification', bytes, licence: licenceOf(folder) } as const;
  const unknown = { ...rest, architecture: null };
  if (bytes === 0) return { ...unknown, obstacle: 'its weights are missing' };
  if (!existsSync(join(folder, 'config.json'))) {
    const onnx = weights.some((name) => name.endsWith('.onnx'));
    return { ...unknown, obstacle: onnx ? null : 'its config.json is missing' };
  }
  return await describe(unknown, () => {
    const { model_type: type, architectures } = readJson(join(folder, 'config.json'), configSchema);
    const supported = FAMILIES.flatMap(({ modelTypes }) => modelTypes);
    const known = supported.includes(type);
    const obstacle = `"${type}" models are not supported; ${supported.join(', ')} are, and others as ONNX files`;
    return { ...rest, architecture: architectures?.[0] ?? type, obstacle: known ? null : obstacle };
  });
}

function onnxCandidate(path: string, label: string): BaseCandidate {
  // Larger models keep their weights beside the graph.
  const bytes = sizeOf(path) + sizeOf(`${path}.data`) + sizeOf(`${path}_data`);
  return { base: path, label, kind: 'onnx', task: null, architecture: null, bytes, licence: null, obstacle: null };
}

/** A checkpoint's description is a part of it that is read in milliseconds. */
async function checkpointCandidate(path: string, label: string): Promise<BaseCandidate> {
  const own = { base: path, label, kind: 'checkpoint', task: 'detection', bytes: sizeOf(path), licence: null } as const;
  return await describe({ ...own, architecture: null }, async () => {
    const stored = await openTorchCheckpoint(path);
    try {
      return { ...own, architecture: readCheckpoint(stored.root, path).family, obstacle: null };
    } finally {
      stored.close();
    }
  });
}

/** 0 of a file that is not there or may not be asked. */
function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}

/** `license: apache-2.0` between the first two lines of dashes of the model card. */
function licenceOf(folder: string): string | null {
  try {
    const card = readFileSync(join(folder, 'README.md')).subarray(0, CARD_BYTES).toString();
    const [, matter = ''] = /^---\r?\n([^]*?)\r?\n---/.exec(card) ?? [];
    return /^license:\s*["']?([\w.+-]+)/m.exec(matter)?.[1] ?? null;
  } catch {
    return null;
  }
}
