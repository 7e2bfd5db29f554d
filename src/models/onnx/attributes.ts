/** The attributes of an ONNX node, typed. A wrong type is the file's fault; which values make sense is the translator's business. */
import type { AttributeProto, Decoded, TensorProto } from '../../formats/onnx-proto.ts';
import { printable } from '../../formats/printable.ts';
import { ShapeError } from '../../graph/shape.ts';

export class Attributes {
  readonly #byName: ReadonlyMap<string, Decoded<AttributeProto>>;

  constructor(attributes: ReadonlyMap<string, Decoded<AttributeProto>>) {
    this.#byName = attributes;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  int(name: string): number | undefined;
  int(name: string, otherwise: number): number;
  int(name: string, otherwise?: number): number | undefined {
    const attribute = this.#byName.get(name);
    return attribute === undefined ? otherwise : safe(name, attribute.i ?? 0);
  }

  ints(name: string): number[] | undefined {
    return this.#byName.get(name)?.ints.map((value) => safe(name, value));
  }

  float(name: string): number | undefined;
  float(name: string, otherwise: number): number;
  float(name: string, otherwise?: number): number | undefined {
    const attribute = this.#byName.get(name);
    return attribute === undefined ? otherwise : (attribute.f ?? 0);
  }

  floats(name: string): readonly number[] | undefined {
    return this.#byName.get(name)?.floats;
  }

  string(name: string, otherwise: string): string {
    const bytes = this.#byName.get(name)?.s;
    return bytes === undefined ? otherwise : printable(new TextDecoder().decode(bytes));
  }

  tensor(name: string): Decoded<TensorProto> | undefined {
    return this.#byName.get(name)?.t;
  }
}

/** Beyond 2⁵³ lie only the "to the end" of slices, which are inputs, not attributes. */
function safe(name: string, value: number | bigint): number {
  if (typeof value === 'number') return value;
  throw new ShapeError(`attribute ${printable(name)} is out of range`);
}
