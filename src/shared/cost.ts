/**
 * What an adapter costs, evaluated while a slider moves: the planner sends the coefficients once, this pure function gives
 * the rest from closed formulas, the same in host, command line and webview.
 */
import { type AdaptableModule, adapterSizeOf, maxRankOf, scaleOf } from './adaptable-module.ts';
import {
  adapterTensors,
  fileBytesAt,
  measureTensors,
  type NamedShape,
  type WeightDType,
  widthOf,
} from './adapter-tensors.ts';
import type { LoraOptions } from './job.ts';

/** A quantity that grows with what is adapted: bytes of memory, or seconds an epoch. */
export interface Growth {
  /** What an adapter in this module adds at any rank. */
  readonly fixed: number;
  readonly perRank: number;
  /** What the backward pass takes from the loss down to this module; of all adapted modules only the lowest one's counts. */
  readonly reach: number;
}

export interface ModuleCost {
  readonly module: AdaptableModule;
  readonly memory: Growth;
  readonly seconds: Growth;
}

export interface CostCoefficients {
  /** Modules that PEFT can put an adapter into. */
  readonly modules: readonly ModuleCost[];
  /** Tensors trained whole, by their keys in the adapter's file: the head. */
  readonly saved: readonly NamedShape[];
  /** Of the whole fine-tuned model, its head included. */
  readonly modelParameters: number;
  /** Metadata of the adapter's file. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Without any adapter: the forward pass, and training what is saved whole. */
  readonly base: { readonly memory: number; readonly seconds: number };
}

export interface CostChoice {
  readonly rank: number;
  readonly alpha: number;
  readonly useRslora: boolean;
  readonly useDora: boolean;
  readonly init: LoraOptions['init'];
  /** Of the file, and of the full copy it is compared with. */
  readonly dtype: WeightDType;
  readonly isTarget: (path: string) => boolean;
  /** The rank of single modules, where it is not `rank`. */
  readonly rankOf?: (path: string) => number | undefined;
}

export interface Cost {
  /** Of `rank`; single modules may have others. */
  readonly scale: number;
  readonly adaptedModules: number;
  /** Targets left out because the rank exceeds them, as `all-linear` does. */
  readonly exceeded: readonly string[];
  readonly adapterParameters: number;
  readonly savedParameters: number;
  /** Both together. */
  readonly trainableParameters: number;
  /** Trained parameters over those of the whole model. */
  readonly share: number;
  /** The adapter's file to the byte, its header and the saved head included. */
  readonly adapterBytes: number;
  /** Of them the tensors of the head, without any header. */
  readonly savedBytes: number;
  /** The weights of a fine-tuned copy in the same dtype, without any header. */
  readonly fullCopyBytes: number;
  /** How many adapters take the space of one full copy. */
  readonly savingFactor: number;
  readonly memoryBytes: number;
  readonly secondsPerEpoch: number;
}

/** What a slider moves; the rest of a choice stays while it does. */
export type CostPosition = Pick<CostChoice, 'rank' | 'alpha'>;

export function evaluateCost(coefficients: CostCoefficients, choice: CostChoice): Cost {
  return prepareCost(coefficients, choice)(choice);
}

/** Everything that does not depend on where the slider stands, computed once: a position of ten thousand layers then takes milliseconds. */
export function prepareCost(
  coefficients: CostCoefficients,
  choice: Omit<CostChoice, keyof CostPosition>,
): (position: CostPosition) => Cost {
  const { dtype, init, useDora, useRslora, isTarget, rankOf } = choice;
  const { modelParameters, metadata, base } = coefficients;
  const targets = coefficients.modules
    .filter(({ module }) => isTarget(module.path))
    .map((cost) => ({ ...cost, most: maxRankOf(cost.module), own: rankOf?.(cost.module.path) }));
  const file = measuredFile(
    targets.map(({ module }) => module),
    coefficients.saved,
    { dtype, useDora },
  );
  const savedParameters = coefficients.saved.reduce(
    (sum, { shape }) => sum + shape.reduce((size, dim) => size * dim, 1),
    0,
  );
  const fullCopyBytes = modelParameters * widthOf(dtype);
  return ({ rank, alpha }) => {
    /** Of each target; undefined where it is left out. */
    const ranks = targets.map(({ own = rank, most }) => (own <= most ? own : undefined));
    const exceeded: string[] = [];
    const reach = { memory: 0, seconds: 0 };
    let [adapterParameters, memoryBytes, secondsPerEpoch] = [0, base.memory, base.seconds];
    for (const [index, { module, memory, seconds }] of targets.entries()) {
      const at = ranks[index];
      if (at === undefined) {
        exceeded.push(module.path);
        continue;
      }
      adapterParameters += adapterSizeOf(module, at, useDora);
      memoryBytes += memory.fixed + memory.perRank * at;
      secondsPerEpoch += seconds.fixed + seconds.perRank * at;
      reach.memory = Math.max(reach.memory, memory.reach);
      reach.seconds = Math.max(reach.seconds, seconds.reach);
    }
    const rankInFile = (tensor: number): number | undefined => {
      const target = file.targets[tensor];
      if (target === undefined) return 1;
      const at = ranks[target];
      return at === undefined ? undefined : fileRankOf(at, init);
    };
    const adapterBytes = fileBytesAt(file.tensors, rankInFile, dtype, metadata);
    return {
      scale: scaleOf(rank, alpha, useRslora),
      adaptedModules: targets.length - exceeded.length,
      exceeded,
      adapterParameters,
      savedParameters,
      trainableParameters: adapterParameters + savedParameters,
      share: (adapterParameters + savedParameters) / modelParameters,
      adapterBytes,
      savedBytes: savedParameters * widthOf(dtype),
      fullCopyBytes,
      savingFactor: fullCopyBytes / adapterBytes,
      memoryBytes: memoryBytes + reach.memory,
      secondsPerEpoch: secondsPerEpoch + reach.seconds,
    };
  };
}

/** The tensors of a file in its order, with the index of the module that each belongs to; undefined for those that are saved whole. */
function measuredFile(
  modules: readonly AdaptableModule[],
  saved: readonly NamedShape[],
  { dtype, useDora }: Pick<CostChoice, 'dtype' | 'useDora'>,
): { readonly tensors: ReturnType<typeof measureTensors>; readonly targets: readonly (number | undefined)[] } {
  const owners = new Map<string, number>();
  const adapters = modules.flatMap((module, index) =>
    adapterTensors(module, 1, useDora).map((tensor) => {
      owners.set(tensor.name, index);
      return { ...tensor, ranked: !tensor.name.endsWith('lora_magnitude_vector') };
    }),
  );
  const tensors = measureTensors([...adapters, ...saved.map((tensor) => ({ ...tensor, ranked: false }))], dtype);
  return { tensors, targets: tensors.map(({ name }) => owners.get(name)) };
}

/** PiSSA's file is relative to the base as published, for which it holds the start beside what was trained (src/lora/init.ts). */
export function fileRankOf(rank: number, init: LoraOptions['init']): number {
  return init === 'pissa' ? 2 * rank : rank;
}
