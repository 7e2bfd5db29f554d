/**
 * Puts adapters into a base: a new graph in which the target modules carry LoRA, what is trained whole became an input, and everything
 * else stays a constant. The three methods differ here and nowhere else; what they give is a graph with trainable inputs.
 */
import { nameOf } from '../graph/ir.ts';
import type { Graph, Value } from '../graph/ir.ts';
import { rewrite } from '../graph/rewrite.ts';
import { isStatic } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { Base } from '../models/base.ts';
import { adapterShapesOf } from '../shared/adaptable-module.ts';
import { InputError } from '../shared/errors.ts';
import type { Job } from '../shared/job.ts';
import { nearestNames } from '../shared/nearest-names.ts';
import { adapterPath } from './adapter-path.ts';
import type { AdapterInputs } from './adapter-path.ts';
import { adaptableModules } from './layers.ts';
import { resolveTargets } from './targets.ts';
import type { Skipped, Target } from './targets.ts';

/** What a trained tensor is for: its group in the optimizer, its key in a PEFT file. */
export type Role = 'A' | 'B' | 'magnitude' | 'whole';

export interface Parameter {
  /** The name of the graph's input: PEFT's key without `base_model.model.`, or the name in the state dict. */
  readonly name: string;
  readonly module: string;
  readonly role: Role;
  readonly shape: readonly number[];
}

export interface Adapted {
  /** `PIXELS` and one trainable input a parameter → `LOGITS`. */
  readonly graph: Graph;
  readonly parameters: readonly Parameter[];
  readonly targets: readonly Target[];
  readonly skipped: readonly Skipped[];
  /** The base's head does not fit the dataset's classes, so a new one starts from random weights. */
  readonly newHead: boolean;
}

export interface AdaptOptions {
  readonly method: Job['method'];
  readonly lora: Job['lora'];
  /** Class names of the dataset, in the order of its labels. */
  readonly classes: readonly string[];
  /** Frozen weights that differ from the base's, by module: PiSSA moves the top singular vectors into the adapter. */
  readonly residual?: ReadonlyMap<string, Tensor>;
}

/** Throws InputError for targets that do not exist (see resolveTargets) and for modules to save that the base does not have. */
export function adapt(base: Base, { method, lora, classes, residual }: AdaptOptions): Adapted {
  const newHead = base.labels?.join('\n') !== classes.join('\n');
  const whole = [...base.heads, ...(method === 'lora' ? savedModules(base, lora.modulesToSave) : [])];
  const { targets, skipped } =
    method === 'lora'
      ? resolveTargets(adaptableModules(base), lora, { head: base.heads, saved: whole })
      : { targets: [], skipped: [] };
  const isWhole = (name: string): boolean =>
    method === 'full' ? !isStatistic(name) : whole.some((path) => name.startsWith(`${path}.`));
  const targetOf = new Map(targets.map((target) => [target.module.path, target]));
  const adapters = new Map<string, AdapterInputs>();
  const parameters: Parameter[] = [];

  const train = (to: Graph, parameter: Parameter): Value => {
    parameters.push(parameter);
    return to.input(parameter.name, parameter.shape, 'float32', { trainable: true });
  };
  const graph = rewrite(base.graph, {
    replace: (leaf, to) => {
      const name = leaf.source.kind === 'constant' ? nameOf(leaf) : undefined;
      if (name === undefined || leaf.dtype !== 'float32' || !isStatic(leaf.shape)) return undefined;
      const module = moduleOf(name);
      if (isWhole(name)) {
        // A head for other classes is the same layer with another number of rows; the shapes after it follow.
        const shape = newHead && base.heads.includes(module) ? [classes.length, ...leaf.shape.slice(1)] : leaf.shape;
        return train(to, { name, module, role: 'whole', shape });
      }
      const moved = name.endsWith('.weight') ? residual?.get(module) : undefined;
      return moved && to.constant(moved, name);
    },
    visit: ({ graph: to, node, inputs }) => {
      const target = node.module === undefined ? undefined : targetOf.get(node.module);
      if (target === undefined) return undefined;
      const { path } = target.module;
      const adapter = adapters.get(path) ?? adapterInputs(target, lora.useDora, (parameter) => train(to, parameter));
      adapters.set(path, adapter);
      return [adapterPath(node, inputs, adapter, { scale: target.scale, dropout: lora.dropout })];
    },
  });
  return { graph, parameters, targets, skipped, newHead };
}

function adapterInputs(
  { module, rank }: Target,
  useDora: boolean,
  train: (parameter: Parameter) => Value,
): AdapterInputs {
  const { path, kind } = module;
  const shapes = adapterShapesOf(module, rank);
  const [a, b] = kind === 'embedding' ? ['lora_embedding_A', 'lora_embedding_B'] : ['lora_A.weight', 'lora_B.weight'];
  return {
    a: train({ name: `${path}.${a}`, module: path, role: 'A', shape: shapes.A }),
    b: train({ name: `${path}.${b}`, module: path, role: 'B', shape: shapes.B }),
    magnitude: useDora
      ? train({ name: `${path}.lora_magnitude_vector`, module: path, role: 'magnitude', shape: shapes.magnitude })
      : undefined,
  };
}

/** Paths of the modules that `modulesToSave` names by their ends, as PEFT does. */
function savedModules(base: Base, names: readonly string[]): string[] {
  const paths = new Set<string>();
  for (const node of base.graph.nodes) {
    for (const input of node.inputs) {
      const name = input?.source.kind === 'constant' ? input.source.name : undefined;
      if (name !== undefined) paths.add(moduleOf(name));
    }
  }
  return names.flatMap((wanted) => {
    const found = [...paths].filter(
      (path) => path === wanted || path.endsWith(`.${wanted}`) || path.startsWith(`${wanted}.`),
    );
    if (found.length > 0) return found;
    const near = nearestNames(wanted, [...paths]);
    throw new InputError(`the base has no module "${wanted}"; near it are ${near.join(', ')}`, {
      field: 'lora.modulesToSave',
    });
  });
}

const moduleOf = (name: string): string => name.replace(/\.[^.]+$/, '');

/** BatchNorm's running statistics are never trained. */
const isStatistic = (name: string): boolean => /\.(running_mean|running_var|num_batches_tracked)$/.test(name);
