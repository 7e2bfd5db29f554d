/** A base's weights by the names of transformers 5, whatever release wrote the file. */
import { asFloat32 } from '../../formats/safetensors.ts';
import type { Weights } from '../../formats/safetensors.ts';
import type { Graph, Value } from '../../graph/ir.ts';
import { float32, sizeOf } from '../../graph/tensor.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { InputError } from '../../shared/errors.ts';

/**
 * A piece of a module's path, whole names between dots, and what it is called in files of transformers 4 (which transformers 5 still
 * writes). With `part` the older tensor is several of today's, one below the other: part `index` of `of`.
 */
export interface OlderName {
  readonly name: string;
  readonly older: string;
  readonly part?: { readonly index: number; readonly of: number };
}

export interface Naming {
  readonly olderNames: readonly OlderName[];
  /** Of the encoder in a classifier; a checkpoint of the bare encoder leaves it out. */
  readonly prefix: string;
}

export interface Parameters {
  has(name: string): boolean;
  /** The first dimension. Throws InputError where the weights have no such tensor. */
  rows(name: string): number;
  /** A frozen float32 constant named `name`, one however often it is asked for; it must have the shape that `config.json` gives it. */
  constant(graph: Graph, name: string, shape: readonly number[]): Value;
  /** Throws InputError for layers beyond those that were asked for: config.json would cut the model short. */
  refuseFurtherLayers(): void;
  /** Today's paths by the older ones, of every module that was asked for. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** Where a tensor lies in the file. */
interface Stored {
  readonly key: string;
  readonly part?: OlderName['part'];
}

/** `directory` names the model in errors. */
export function openParameters(weights: Weights, directory: string, { olderNames, prefix }: Naming): Parameters {
  const aliases = new Map<string, string>();
  const tensors = new Map<string, Tensor<'float32'>>();
  const read = new Set<string>();

  /** The tensor under today's name or the older one, with the encoder's prefix or without. */
  const find = (name: string): Stored | undefined =>
    [{ key: name }, olderNameOf(name, olderNames)]
      .flatMap((stored) => [stored, { ...stored, key: withoutPrefix(stored.key, prefix) }])
      .find(({ key }) => weights.has(key));
  const found = (name: string): Stored => {
    const stored = find(name);
    if (stored !== undefined) return stored;
    throw new InputError(`its weights have no tensor ${name}, which config.json asks for`, { file: directory });
  };
  return {
    aliases,
    has: (name) => find(name) !== undefined,
    rows: (name) => weights.info(found(name).key).shape[0] ?? 0,
    constant(graph, name, shape) {
      const { key, part } = found(name);
      const actual = weights.info(key).shape;
      const expected = part === undefined ? shape : [shape[0]! * part.of, ...shape.slice(1)];
      if (actual.join() !== expected.join()) {
        throw new InputError(`is [${actual.join(', ')}], but config.json makes it [${expected.join(', ')}]`, {
          file: directory,
          field: key,
        });
      }
      const older = olderNameOf(name, olderNames);
      if (older.key !== name && older.part === undefined) aliases.set(moduleOf(older.key), moduleOf(name));
      const tensor = tensors.get(name) ?? partOf(asFloat32(weights.read(key)), part);
      tensors.set(name, tensor);
      read.add(key);
      return graph.constant(tensor, name);
    },
    refuseFurtherLayers() {
      // Tensors that no classifier reads (poolers, mask tokens) are ignored; one that differs from a read one in its numbers is a layer.
      const known = new Set([...read].map(withoutNumbers));
      const further = weights.names().find((name) => !read.has(name) && known.has(withoutNumbers(name)));
      if (further === undefined) return;
      throw new InputError('has no place in the model that config.json describes', { file: directory, field: further });
    },
  };
}

function olderNameOf(name: string, olderNames: readonly OlderName[]): Stored {
  return olderNames.reduce<Stored>(
    (stored, { name: piece, older, part }) => {
      const key = `.${stored.key}`.replace(`.${piece}.`, `.${older}.`).slice(1);
      return key === stored.key || part === undefined ? { ...stored, key } : { key, part };
    },
    { key: name },
  );
}

function withoutNumbers(name: string): string {
  return name.replace(/\d+/g, '#');
}

function withoutPrefix(name: string, prefix: string): string {
  return name.startsWith(`${prefix}.`) ? name.slice(prefix.length + 1) : name;
}

/** Rows of a stacked tensor. */
function partOf(tensor: Tensor<'float32'>, part: OlderName['part']): Tensor<'float32'> {
  if (part === undefined) return tensor;
  const shape = [tensor.shape[0]! / part.of, ...tensor.shape.slice(1)];
  const length = sizeOf(shape);
  return float32(shape, tensor.data.slice(part.index * length, (part.index + 1) * length));
}

function moduleOf(name: string): string {
  return name.replace(/\.[^.]+$/, '');
}
