/**
 * Which modules get an adapter, of which rank and scale. The words are PEFT's, and so are the rules of names and patterns;
 * two differences are deliberate, so a written adapter always lists full paths:
 * `all-linear` takes convolutions and leaves the head out (PEFT's takes the classifier and no convolution), and
 * `layersToTransform` also works with `all-linear` and with a pattern.
 */
import {
  type AdaptableModule,
  adapterSizeOf,
  columnsOf,
  maxRankOf,
  rowsOf,
  scaleOf,
} from '../shared/adaptable-module.ts';
import { InputError } from '../shared/errors.ts';
import type { LoraOptions } from '../shared/job.ts';
import { blockOf, matchesName, patternValues, targetPattern } from '../shared/module-pattern.ts';
import { nearestNames } from '../shared/nearest-names.ts';

export interface Target {
  readonly module: AdaptableModule;
  readonly rank: number;
  readonly alpha: number;
  readonly scale: number;
  /** Trained parameters: A, B and DoRA's magnitude. */
  readonly parameters: number;
}

export interface Skipped {
  readonly module: AdaptableModule;
  /** Why it was chosen and yet gets no adapter, for a person to read. */
  readonly reason: string;
}

export interface Targets {
  readonly targets: readonly Target[];
  readonly skipped: readonly Skipped[];
}

export interface TargetContext {
  /** Paths of the classification head: `all-linear` leaves it out. */
  readonly head?: readonly string[];
  /** Modules trained and saved whole, by path: no adapter goes into them. */
  readonly saved?: readonly string[];
}

/**
 * Chooses among the modules of a base by the options of a job. Throws an `InputError` naming the field for a name, pattern or
 * block that means nothing, a rank above a layer that was named, and when no layer is left.
 *
 * A rank above min(rows, columns) of a layer is an error where the layer was named; with `all-linear` nobody asked for this
 * very layer, so it is skipped with that reason, unless it is true of every layer.
 */
export function resolveTargets(
  modules: readonly AdaptableModule[],
  options: LoraOptions,
  context: TargetContext = {},
): Targets {
  const chosen = chosenOf(modules, options, context);
  const rankOf = valueOf(options.rankPattern, options.rank, 'lora.rankPattern', chosen);
  const alphaOf = valueOf(options.alphaPattern, options.alpha, 'lora.alphaPattern', chosen);
  const targets: Target[] = [];
  const skipped: Skipped[] = [];
  for (const module of chosen) {
    const rank = rankOf(module);
    const alpha = alphaOf(module).value;
    const reason = obstacleOf(module, options, context) ?? excessOf(module, rank, options);
    if (reason !== undefined) skipped.push({ module, reason });
    else {
      const scale = scaleOf(rank.value, alpha, options.useRslora);
      const parameters = adapterSizeOf(module, rank.value, options.useDora);
      targets.push({ module, rank: rank.value, alpha, scale, parameters });
    }
  }
  if (targets.length === 0) throw nothingLeft(skipped, options);
  return { targets, skipped };
}

function chosenOf(
  modules: readonly AdaptableModule[],
  options: LoraOptions,
  { head = [] }: TargetContext,
): AdaptableModule[] {
  const isTarget = targetRule(modules, options.targetModules, head);
  for (const [i, name] of options.excludeModules.entries()) checkName(modules, name, `lora.excludeModules[${i}]`);
  const blocks = options.layersToTransform;
  if (blocks !== null) checkBlocks(modules, blocks);
  return modules.filter((module) => {
    const block = blockOf(module.path);
    return (
      isTarget(module) &&
      !options.excludeModules.some((name) => isNamed(module, name)) &&
      (blocks === null || (block !== undefined && blocks.includes(block)))
    );
  });
}

function targetRule(
  modules: readonly AdaptableModule[],
  targets: LoraOptions['targetModules'],
  head: readonly string[],
): (module: AdaptableModule) => boolean {
  const field = 'lora.targetModules';
  if (targets === 'all-linear') return ({ kind, path }) => kind !== 'embedding' && !isWithin(path, head);
  if (typeof targets !== 'string') {
    for (const [i, name] of targets.entries()) checkName(modules, name, `${field}[${i}]`);
    return (module) => targets.some((name) => isNamed(module, name));
  }
  const pattern = targetPattern(targets, field);
  const matches = (module: AdaptableModule): boolean => pathsOf(module).some((path) => pattern.test(path));
  if (!modules.some(matches)) {
    const asName = modules.some((module) => isNamed(module, targets));
    const advice = asName ? `as a name write ["${targets}"]` : `layers here are named ${someNames(modules)}`;
    throw new InputError(`the pattern "${targets}" matches the whole path of no layer; ${advice}`, { field });
  }
  return matches;
}

/** The rank or alpha of each module; a key of the pattern that is the value of no chosen module is a mistake. */
function valueOf(
  patterns: Readonly<Record<string, number>>,
  otherwise: number,
  field: string,
  chosen: readonly AdaptableModule[],
): (module: AdaptableModule) => { value: number; key?: string } {
  const find = patternValues(patterns, field);
  const found = (module: AdaptableModule): { key: string; value: number } | undefined => {
    for (const path of pathsOf(module)) {
      const match = find(path);
      if (match !== undefined) return match;
    }
    return undefined;
  };
  const used = new Set(chosen.map((module) => found(module)?.key));
  const idle = Object.keys(patterns).find((key) => !used.has(key));
  if (idle !== undefined) {
    throw new InputError(`decides for none of the chosen layers; they are named ${someNames(chosen)}`, {
      field: `${field}.${idle}`,
    });
  }
  return (module) => found(module) ?? { value: otherwise };
}

/** Why a module cannot carry an adapter that PEFT would load and compute the same. */
export function obstacleOf(module: AdaptableModule, options: LoraOptions, context: TargetContext): string | undefined {
  if (isWithin(module.path, context.saved ?? [])) return 'trained whole (modules to save), so it needs no adapter';
  if (module.kind === 'conv2d') {
    if (module.groups === module.inFeatures && module.groups > 1) {
      return 'depthwise convolution: its adapter sees all channels, is larger than the layer and cannot be merged';
    }
    if (module.groups > 1) {
      return `grouped convolution (${module.groups} groups): PEFT's adapter sees all channels and cannot be merged`;
    }
    if (module.dilation.some((step) => step !== 1)) return "dilated convolution: PEFT's adapter ignores dilation";
  }
  if (options.init === 'pissa' && module.kind !== 'linear') {
    return module.kind === 'conv2d'
      ? 'PiSSA is defined for linear layers only, and PEFT refuses it on a convolution'
      : 'PiSSA is defined for linear layers only; this is an embedding';
  }
  return undefined;
}

function excessOf(
  module: AdaptableModule,
  rank: { value: number; key?: string },
  options: LoraOptions,
): string | undefined {
  const max = maxRankOf(module);
  if (rank.value <= max) return undefined;
  const bound = module.kind === 'conv2d' ? 'min(out, in·kernel)' : 'min(in, out)';
  if (rank.key === undefined && options.targetModules === 'all-linear') {
    return `rank ${rank.value} exceeds ${bound} = min(${rowsOf(module)}, ${columnsOf(module)})`;
  }
  throw new InputError(
    `rank ${rank.value} exceeds layer ${module.path} (${bound} = ${max}); lower it or set lora.rankPattern for this layer`,
    { field: rank.key === undefined ? 'lora.rank' : `lora.rankPattern.${rank.key}` },
  );
}

function nothingLeft(skipped: readonly Skipped[], options: LoraOptions): InputError {
  const [first] = skipped;
  if (first === undefined) {
    return new InputError('excludeModules and layersToTransform leave no layer to adapt', {
      field: 'lora.targetModules',
    });
  }
  const tooHigh = skipped.every(({ module }) => options.rank > maxRankOf(module));
  return new InputError(`no layer can be adapted: ${first.module.path}: ${first.reason}`, {
    field: tooHigh ? 'lora.rank' : 'lora.targetModules',
  });
}

function checkName(modules: readonly AdaptableModule[], name: string, field: string): void {
  if (modules.some((module) => isNamed(module, name))) return;
  const depth = name.split('.').length;
  const candidates = modules.flatMap(pathsOf).map((path) => path.split('.').slice(-depth).join('.'));
  const nearest = nearestNames(name, candidates);
  const advice = nearest.length > 0 ? `did you mean ${nearest.join(' or ')}?` : `there are ${someNames(modules)}`;
  throw new InputError(`no linear, convolution or embedding layer is named "${name}"; ${advice}`, { field });
}

function checkBlocks(modules: readonly AdaptableModule[], blocks: readonly number[]): void {
  const known = new Set(modules.map(({ path }) => blockOf(path)).filter((block) => block !== undefined));
  const unknown = blocks.findIndex((block) => !known.has(block));
  if (unknown < 0) return;
  const range =
    known.size > 0 ? `blocks are ${Math.min(...known)} to ${Math.max(...known)}` : 'the base has no numbered blocks';
  throw new InputError(`there is no block ${blocks[unknown]!}; ${range}`, {
    field: `lora.layersToTransform[${unknown}]`,
  });
}

function isNamed(module: AdaptableModule, name: string): boolean {
  return pathsOf(module).some((path) => matchesName(path, name));
}

function pathsOf({ path, aliases = [] }: AdaptableModule): readonly string[] {
  return [path, ...aliases];
}

/** Whether a path is one of these modules or lies within one. */
function isWithin(path: string, modules: readonly string[]): boolean {
  return modules.some((module) => path === module || path.startsWith(`${module}.`));
}

/** The last parts of paths, as one would list them as names. */
function someNames(modules: readonly AdaptableModule[]): string {
  const names = [...new Set(modules.map(({ path }) => path.split('.').at(-1)!))];
  return names.length > 6 ? `${names.slice(0, 6).join(', ')}, …` : names.join(', ');
}
