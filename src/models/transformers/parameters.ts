/** A base's weights by their canonical names, whatever release of `transformers` wrote the file. */
import type { Weights } from '../../formats/safetensors.ts';
import { asFloat32 } from '../../formats/safetensors.ts';
import type { Graph, Value } from '../../graph/ir.ts';
import { InputError } from '../../shared/errors.ts';

/** Rewrites an older name; returns it unchanged where the rule does not apply. */
export type Renaming = readonly (readonly [old: RegExp, canonical: string])[];

export interface Parameters {
  has(name: string): boolean;
  /** A frozen float32 constant named `name`, whose shape must be the one that `config.json` asks for. */
  constant(graph: Graph, name: string, shape: readonly number[]): Value;
  /** Canonical paths of modules by their older ones. */
  readonly aliases: ReadonlyMap<string, string>;
}

export function openParameters(weights: Weights, file: string, renaming: Renaming, prefix: string): Parameters {
  const stored = new Map<string, string>();
  const aliases = new Map<string, string>();
  for (const name of weights.names()) {
    const canonical = canonicalName(name, renaming, prefix);
    stored.set(canonical, name);
    if (canonical !== name) aliases.set(moduleOf(name), moduleOf(canonical));
  }
  return {
    aliases,
    has: (name) => stored.has(name),
    constant(graph, name, shape) {
      const key = stored.get(name);
      if (key === undefined) throw new InputError(`has no tensor ${name}, which config.json asks for`, { file });
      const found = weights.info(key).shape;
      if (found.join() !== shape.join()) {
        throw new InputError(`is [${found.join(', ')}], but config.json makes it [${shape.join(', ')}]`, {
          file,
          field: key,
        });
      }
      return graph.constant(asFloat32(weights.read(key)), name);
    },
  };
}

/** A checkpoint of the bare encoder leaves out the prefix that the classifier's has. */
function canonicalName(name: string, renaming: Renaming, prefix: string): string {
  const full = name.startsWith(`${prefix}.`) || name.includes('classifier') ? name : `${prefix}.${name}`;
  return renaming.reduce((current, [old, canonical]) => current.replace(old, canonical), full);
}

function moduleOf(name: string): string {
  return name.replace(/\.[^.]+$/, '');
}
