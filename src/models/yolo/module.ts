/**
 * A module of a pickled network: its class, its settings, its tensors and the modules in it, as `torch.nn.Module` keeps them. The tree is
 * what the `yaml` in the checkpoint was built into; unlike the yaml it also tells what later versions of the library would build otherwise.
 */
import { PickleDict, PickleRecord, PickleSequence } from '../../formats/pickle-values.ts';
import type { PickleValue } from '../../formats/pickle-values.ts';
import { printable } from '../../formats/printable.ts';
import { TorchTensor } from '../../formats/torch-globals.ts';
import { InputError } from '../../shared/errors.ts';

/** The deepest published model has nine. */
const MAX_DEPTH = 24;

interface Bounds {
  readonly min: number;
  readonly max: number;
}

export class TorchModule {
  /** As in the state dict: `model.23.cv2.0.0.conv`; empty for the network itself. */
  readonly path: string;
  /** Of the class, without its package: `Conv2d`. */
  readonly type: string;
  readonly #file: string;
  readonly #state: PickleDict;
  readonly #depth: number;

  constructor(record: PickleRecord, file: string, path = '', depth = 0) {
    this.path = path;
    this.type = record.type.split('.').at(-1)!;
    this.#file = file;
    this.#depth = depth;
    this.#state =
      record.state instanceof PickleDict ? record.state : this.fail('has no settings; is the file damaged?');
    if (depth > MAX_DEPTH) this.fail('lies too deep in other modules');
  }

  fail(reason: string): never {
    throw new InputError(reason, { file: this.#file, field: printable(`${this.path || 'model'} (${this.type})`) });
  }

  setting(name: string): PickleValue | undefined {
    return this.#state.get(name);
  }

  /** A whole number within bounds. */
  count(name: string, { min, max }: Bounds, otherwise?: number): number {
    return this.#checked(name, this.setting(name) ?? otherwise, { min, max });
  }

  #checked(name: string, value: PickleValue | undefined, { min, max }: Bounds): number {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    return this.fail(`its ${name} is no whole number from ${min} to ${max}`);
  }

  /** Two of them; one number stands for both. */
  pair(name: string, bounds: Bounds): readonly [number, number] {
    const value = this.setting(name);
    const [first, second] = value instanceof PickleSequence ? value.items : [value, value];
    return [this.#checked(name, first, bounds), this.#checked(name, second, bounds)];
  }

  number(name: string): number {
    const value = this.setting(name);
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    return this.fail(`its ${name} is no number`);
  }

  flag(name: string): boolean {
    return this.setting(name) === true;
  }

  /** None for a parameter that was set to None. */
  tensor(name: string): TorchTensor | undefined {
    for (const kind of ['_parameters', '_buffers']) {
      const tensors = this.setting(kind);
      const tensor = tensors instanceof PickleDict ? tensors.get(name) : undefined;
      if (tensor instanceof TorchTensor) return tensor;
    }
    return undefined;
  }

  /** Undefined where there is none, or where it was set to None. */
  find(name: string): TorchModule | undefined {
    const child = this.#children.get(name);
    if (!(child instanceof PickleRecord)) return undefined;
    return new TorchModule(child, this.#file, this.path === '' ? name : `${this.path}.${name}`, this.#depth + 1);
  }

  child(name: string): TorchModule {
    return this.find(name) ?? this.fail(`has no module ${name}`);
  }

  /** The modules of a Sequential or a ModuleList, in their order. */
  children(): TorchModule[] {
    return [...this.#children.entries.keys()].flatMap((name) => (typeof name === 'string' ? [this.child(name)] : []));
  }

  get #children(): PickleDict {
    const modules = this.setting('_modules');
    return modules instanceof PickleDict ? modules : this.fail('has no list of modules');
  }
}
