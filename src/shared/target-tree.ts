/**
 * The target modules of a job as a tree: layers of one name in one group, since a model repeats its blocks, each with its count, those
 * that can carry no adapter with the reason. And back: a choice in the tree as the shortest `targetModules` that means it.
 */
import type { JobEdit } from './draft.ts';
import type { LoraOptions } from './job.ts';
import { blockOf, matchesName, targetPattern } from './module-pattern.ts';
import type { PlannedModule } from './protocol/results.ts';

export interface TargetNode {
  readonly id: string;
  readonly label: string;
  readonly detail: string;
  readonly checked?: boolean | 'mixed';
  readonly disabled?: boolean;
  readonly children?: readonly TargetNode[];
}

/** Paths of the modules that the options choose, those that cannot carry an adapter left out. */
export function chosenTargets(modules: readonly PlannedModule[], options: LoraOptions): ReadonlySet<string> {
  const isTarget = targetRule(options.targetModules);
  const { excludeModules, layersToTransform } = options;
  const chosen = modules.filter(({ path, obstacle, ...module }) => {
    const block = blockOf(path);
    return (
      obstacle === null &&
      isTarget({ path, ...module }) &&
      !excludeModules.some((name) => matchesName(path, name)) &&
      (layersToTransform === null || (block !== undefined && layersToTransform.includes(block)))
    );
  });
  return new Set(chosen.map(({ path }) => path));
}

type Asked = Pick<PlannedModule, 'path' | 'kind' | 'isHead'>;

function targetRule(targets: LoraOptions['targetModules']): (module: Asked) => boolean {
  if (targets === 'all-linear') return isUsual;
  if (typeof targets !== 'string') return ({ path }) => targets.some((name) => matchesName(path, name));
  try {
    const pattern = targetPattern(targets, 'lora.targetModules');
    return ({ path }) => pattern.test(path);
  } catch {
    // The plan says what is wrong with it.
    return () => false;
  }
}

/** What `all-linear` means. */
function isUsual({ kind, isHead }: Pick<PlannedModule, 'kind' | 'isHead'>): boolean {
  return kind !== 'embedding' && !isHead;
}

/** Groups in the order of the model; `words` makes the texts, which are the view's. */
export function targetTree(
  modules: readonly PlannedModule[],
  chosen: ReadonlySet<string>,
  words: { readonly count: (chosen: number, all: number) => string; readonly size: (module: PlannedModule) => string },
): TargetNode[] {
  return [...groupsOf(modules)].map(([name, members]) => {
    const usable = members.filter(({ obstacle }) => obstacle === null);
    const count = usable.filter(({ path }) => chosen.has(path)).length;
    const children = members.map((module) => leafOf(module, chosen, words.size(module)));
    const [only, ...others] = children;
    if (only !== undefined && others.length === 0) return only;
    return {
      id: `group:${name}`,
      label: labelOf(name, only),
      detail: usable.length === 0 ? (members[0]?.obstacle ?? '') : words.count(count, members.length),
      ...(usable.length === 0
        ? { disabled: true }
        : { checked: count === 0 ? false : count === usable.length ? true : ('mixed' as const) }),
      children,
    };
  });
}

/** A number alone tells nothing: it stands with what counts it, in the first of its layers. */
function labelOf(name: string, first: TargetNode | undefined): string {
  return first === undefined || !/^\d+$/.test(name) ? name : `${first.id.split('.').slice(-3).join('.')}, …`;
}

function leafOf(module: PlannedModule, chosen: ReadonlySet<string>, size: string): TargetNode {
  const { path, obstacle } = module;
  if (obstacle !== null) return { id: path, label: path, detail: obstacle, disabled: true };
  return { id: path, label: path, detail: size, checked: chosen.has(path) };
}

/** By the last part of their paths, which is what a job file names them by. */
function groupsOf(modules: readonly PlannedModule[]): Map<string, PlannedModule[]> {
  const groups = new Map<string, PlannedModule[]>();
  for (const module of modules) {
    const name = module.path.split('.').at(-1)!;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [module]);
    else group.push(module);
  }
  return groups;
}

/** The edits that toggle a node, by its id; undefined where that would leave nothing to adapt. */
export function toggleTarget(
  id: string,
  modules: readonly PlannedModule[],
  chosen: ReadonlySet<string>,
): readonly JobEdit[] | undefined {
  const name = id.startsWith('group:') ? id.slice('group:'.length) : undefined;
  const usable = modules.filter(({ obstacle }) => obstacle === null);
  const meant = usable.filter(({ path }) => (name === undefined ? path === id : path.split('.').at(-1) === name));
  const on = !meant.every(({ path }) => chosen.has(path));
  const next = new Set(chosen);
  for (const { path } of meant) {
    if (on) next.add(path);
    else next.delete(path);
  }
  if (next.size === 0) return undefined;
  // The choice is complete in itself: what narrowed the one before has done its work.
  return [
    { path: ['lora', 'targetModules'], value: shortest(usable, next) },
    { path: ['lora', 'excludeModules'] },
    { path: ['lora', 'layersToTransform'] },
  ];
}

/** Undefined, the default, for `all-linear`; else names of whole groups and paths of single modules. */
function shortest(usable: readonly PlannedModule[], chosen: ReadonlySet<string>): readonly string[] | undefined {
  if (usable.every((module) => chosen.has(module.path) === isUsual(module))) return undefined;
  return [...groupsOf(usable)].flatMap(([name, members]) => {
    const paths = members.map(({ path }) => path).filter((path) => chosen.has(path));
    return paths.length === members.length ? [name] : paths;
  });
}
