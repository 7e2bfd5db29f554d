/**
 * What an adapter costs, evaluated while a slider moves: the planner sends the coefficients once, this pure function gives
 * the rest from closed formulas, the same in host, command line and webview.
 */
import { type AdaptableModule, adapterSizeOf, maxRankOf, scaleOf } from './adaptable-module.ts';
import { adapterTensors, type NamedShape, safetensorsBytes, type WeightDType, widthOf } from './adapter-tensors.ts';
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
  /** The weights of a fine-tuned copy in the same dtype, without any header. */
  readonly fullCopyBytes: number;
  /** How many adapters take the space of one full copy. */
  readonly savingFactor: number;
  readonly memoryBytes: number;
  readonly secondsPerEpoch: number;
}

export function evaluateCost(coefficients: CostCoefficients, choice: CostChoice): Cost {
  const { rank, alpha, dtype, init, useDora, useRslora, isTarget, rankOf } = choice;
  const targets = coefficients.modules
    .filter(({ module }) => isTarget(module.path))
    .map((cost) => ({ ...cost, rank: rankOf?.(cost.module.path) ?? rank }));
  const adapted = targets.filter((target) => target.rank <= maxRankOf(target.module));
  const tensors = adapted.flatMap((target) => adapterTensors(target.module, fileRankOf(target.rank, init), useDora));
  const adapterParameters = sum(adapted.map((target) => adapterSizeOf(target.module, target.rank, useDora)));
  const savedParameters = sum(coefficients.saved.map(({ shape }) => shape.reduce((size, dim) => size * dim, 1)));
  const adapterBytes = safetensorsBytes([...tensors, ...coefficients.saved], dtype, coefficients.metadata);
  const fullCopyBytes = coefficients.modelParameters * widthOf(dtype);
  const grown = (of: 'memory' | 'seconds'): number =>
    coefficients.base[of] +
    Math.max(0, ...adapted.map((target) => target[of].reach)) +
    sum(adapted.map((target) => target[of].fixed + target[of].perRank * target.rank));
  return {
    scale: scaleOf(rank, alpha, useRslora),
    adaptedModules: adapted.length,
    exceeded: targets.filter((target) => !adapted.includes(target)).map(({ module }) => module.path),
    adapterParameters,
    savedParameters,
    trainableParameters: adapterParameters + savedParameters,
    share: (adapterParameters + savedParameters) / coefficients.modelParameters,
    adapterBytes,
    fullCopyBytes,
    savingFactor: fullCopyBytes / adapterBytes,
    memoryBytes: grown('memory'),
    secondsPerEpoch: grown('seconds'),
  };
}

/** PiSSA's file is relative to the base as published, for which it holds the start beside what was trained (src/lora/init.ts). */
export function fileRankOf(rank: number, init: LoraOptions['init']): number {
  return init === 'pissa' ? 2 * rank : rank;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
