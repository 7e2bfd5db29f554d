/** What this machine can train on, for a person to choose from, and why not on the rest. */
import { existsSync } from 'node:fs';
import type { CardOption, EngineOption } from '../shared/protocol/engines.ts';
import { ENGINE_NAMES, tensorFlowFolder } from './choose.ts';
import { holderOf } from './device-lease.ts';
import { nvidiaCards } from '../formats/nvidia.ts';
import type { NvidiaCard } from '../formats/nvidia.ts';
import { cudaLibraries } from './onnxruntime-library.ts';
import { PROVIDERS } from './onnxruntime-providers.ts';
import { probeEngines } from './probe.ts';
import type { ProbeOptions } from './probe.ts';
import type { ProbeResult } from './probe-result.ts';
import { physicalCores } from './threads.ts';

/** An engine of this platform, with what was found out about it. */
export interface FoundEngine extends Omit<EngineOption, 'automatic'> {
  /** Null unless it can be used. */
  readonly rates: Extract<ProbeResult, { usable: true }>['rates'] | null;
}

export interface FoundEngines {
  /** Those that this platform has, in the order of preference. */
  readonly engines: readonly FoundEngine[];
  /** That CUDA engines may compute on. */
  readonly cards: readonly NvidiaCard[];
}

export async function findEngines(options: ProbeOptions = {}): Promise<FoundEngines> {
  const here = `${process.platform}-${process.arch}`;
  const cards = await nvidiaCards();
  const names = ENGINE_NAMES.filter((name) => platformsOf(name)?.includes(here) ?? true);
  const obstacles = new Map(names.map((name) => [name, obstacleOf(name, cards)]));
  const tried = names.filter((name) => obstacles.get(name) === null);
  const results = await probeEngines(tried, options);
  const engines = names.map((name) => found(name, cards, obstacles.get(name) ?? null, results.get(name)));
  return { engines, cards };
}

/** With what `auto` takes for a job about which nothing is known: the first that can be used. */
export async function engineOptions(
  options: ProbeOptions = {},
): Promise<{ readonly engines: readonly EngineOption[]; readonly cards: readonly CardOption[] }> {
  const { engines, cards } = await findEngines(options);
  const [first] = engines.filter(({ state }) => state === 'usable');
  return {
    engines: engines.map(({ rates: _rates, ...engine }) => ({ ...engine, automatic: engine.name === first?.name })),
    cards: cards.map((card) => ({ ...card, usedBy: holderOf(card.uuid) })),
  };
}

function found(
  name: string,
  cards: readonly NvidiaCard[],
  obstacle: Obstacle | null,
  result: ProbeResult | undefined,
): FoundEngine {
  const onCards = name.endsWith('-cuda') ? cards : [];
  const [onCard] = onCards;
  const provider = PROVIDERS.find((row) => row.name === name);
  const usable = result?.usable === true ? result : null;
  return {
    name,
    device: cardNames(onCards) ?? provider?.device ?? (name.endsWith('-cuda') ? 'NVIDIA GPU (CUDA)' : 'CPU'),
    threads: physicalCores(),
    memory: onCard?.memory ?? null,
    driver: onCard?.driver ?? null,
    state: usable === null ? (obstacle?.state ?? 'unusable') : 'usable',
    reason: result?.usable === false ? result.reason : (obstacle?.reason ?? null),
    rates: usable?.rates ?? null,
  };
}

/** `NVIDIA H100`, `2 × NVIDIA H100`, or each by its name; null where there is none. */
function cardNames(cards: readonly NvidiaCard[]): string | null {
  const names = [...new Set(cards.map(({ name }) => name))];
  if (names.length !== 1) return names.length === 0 ? null : names.join(', ');
  return cards.length === 1 ? names[0]! : `${cards.length} × ${names[0]!}`;
}

interface Obstacle {
  readonly state: 'unusable' | 'not installed';
  readonly reason: string;
}

/** What can be told without waking a driver; null where the engine must be tried. */
function obstacleOf(name: string, cards: readonly NvidiaCard[]): Obstacle | null {
  if (name.endsWith('-cuda') && cards.length === 0) {
    return { state: 'unusable', reason: 'no NVIDIA driver answers (nvidia-smi)' };
  }
  if (packMissing(name)) return { state: 'not installed', reason: `\`lowrank engines install ${name}\` installs it` };
  if (name === 'onnxruntime-webgpu' && !mayHaveGraphics()) {
    return { state: 'unusable', reason: 'this system shows no graphics card' };
  }
  return null;
}

function packMissing(name: string): boolean {
  if (name === 'onnxruntime-cuda') return cudaLibraries() === null;
  return (name === 'tensorflow-cuda' || name === 'tensorflow-cpu') && tensorFlowFolder(name) === null;
}

/** Device files of Linux and WSL, or a Vulkan driver that somebody named. Other systems always have something. */
function mayHaveGraphics(): boolean {
  if (process.platform !== 'linux') return true;
  if ((process.env['VK_ICD_FILENAMES'] ?? process.env['VK_DRIVER_FILES'] ?? '') !== '') return true;
  return ['/dev/dri', '/dev/nvidiactl', '/dev/dxg'].some((path) => existsSync(path));
}

/** TensorFlow's packs are for Linux on x64 alone. Null for every platform. */
function platformsOf(name: string): readonly string[] | null {
  return (
    PROVIDERS.find((row) => row.name === name)?.platforms ?? (name.startsWith('tensorflow') ? ['linux-x64'] : null)
  );
}
