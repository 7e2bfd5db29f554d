/** What writes the graph of a pickled network: modules in, nodes out. */
import type { Graph, Value } from '../../graph/ir.ts';
import { elements, formatShape, sameShape, ShapeError } from '../../graph/shape.ts';
import type { Tensor } from '../../graph/tensor.ts';
import type { TorchModule } from './module.ts';

/** Writes what a module computes of x. */
export type Block = (builder: Builder, module: TorchModule, x: Value) => Value;

/** Reads a tensor of a module as float32, once; the same name gives the same tensor. */
export type ReadTensor = (module: TorchModule, name: string) => Tensor<'float32'> | undefined;

/** The largest published model has 1 500. */
const MAX_MODULES = 20_000;
/** Of one image: the first layer of the widest model has 2^25 at 1280 pixels. */
const MAX_ACTIVATION = 2 ** 29;

export class Builder {
  readonly graph: Graph;
  readonly #blocks: ReadonlyMap<string, Block>;
  readonly #read: ReadTensor;
  #modules = 0;

  constructor(graph: Graph, { blocks, read }: { blocks: ReadonlyMap<string, Block>; read: ReadTensor }) {
    this.graph = graph;
    this.#blocks = blocks;
    this.#read = read;
  }

  /** Throws an `InputError` naming the module for a class that is not known, and for shapes that do not fit. */
  run(module: TorchModule, x: Value): Value {
    if (++this.#modules > MAX_MODULES) module.fail(`is one of more than ${MAX_MODULES} modules`);
    const block = this.#blocks.get(module.type);
    if (block === undefined) {
      return module.fail(`is not supported; supported modules are ${[...this.#blocks.keys()].sort().join(', ')}`);
    }
    return this.#checked(module, () => block(this, module, x));
  }

  /** A frozen tensor under its name in the state dict; undefined where the module has none of that name. */
  find(module: TorchModule, name: string): Value | undefined {
    const tensor = this.#read(module, name);
    return tensor && this.graph.constant(tensor, `${module.path}.${name}`);
  }

  constant(module: TorchModule, name: string, shape?: readonly number[]): Value {
    const value = this.find(module, name) ?? module.fail(`has no ${name}`);
    if (shape !== undefined && !sameShape(value.shape, shape)) {
      module.fail(`its ${name} is ${formatShape(value.shape)} where ${formatShape(shape)} is needed`);
    }
    return value;
  }

  #checked(module: TorchModule, run: () => Value): Value {
    try {
      const value = run();
      const size = elements(value.shape.slice(1));
      if (typeof size !== 'number' || size > MAX_ACTIVATION) module.fail('makes images too large to hold');
      return value;
    } catch (error) {
      if (error instanceof ShapeError) module.fail(error.message);
      throw error;
    }
  }
}
