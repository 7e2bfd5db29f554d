/** Patterns over what computed a value: written the way the formula reads, matched from its last operation backwards. */
import { constantOf } from '../../../graph/ir.ts';
import type { Node, Value } from '../../../graph/ir.ts';

export type Captures = ReadonlyMap<string, Value>;

/** All ways in which a value has this form, given what was captured before. */
export type Pattern = (value: Value, captured: Captures) => readonly Captures[];

/** Constants are float32, and exporters round them there. */
const TOLERANCE = 1e-6;
const COMMUTATIVE: readonly string[] = ['Add', 'Mul'];

/** Any value; where the name was captured before, that very value. */
export function any(name: string): Pattern {
  return (value, captured) => {
    const before = captured.get(name);
    if (before !== undefined) return before === value ? [captured] : [];
    return [new Map([...captured, [name, value]])];
  };
}

/** A constant of one number. */
export function number(expected: number): Pattern {
  return (value, captured) => {
    const given = scalarOf(value);
    return given !== undefined && Math.abs(given - expected) <= TOLERANCE * Math.abs(expected) ? [captured] : [];
  };
}

/** The result of an operator whose operands have these forms, in either order where it does not matter. */
export function op(type: string, operands: readonly Pattern[], accepts: (node: Node) => boolean = () => true): Pattern {
  return (value, captured) => {
    const { source } = value;
    if (source.kind !== 'node' || source.node.op !== type || source.index !== 0 || !accepts(source.node)) return [];
    const { inputs } = source.node;
    const orders = COMMUTATIVE.includes(type) ? [inputs, inputs.toReversed()] : [inputs];
    return orders.flatMap((order) =>
      operands.reduce<readonly Captures[]>(
        (ways, operand, index) => {
          const input = order[index];
          return input === undefined ? [] : ways.flatMap((way) => operand(input, way));
        },
        [captured],
      ),
    );
  };
}

export function either(...patterns: readonly Pattern[]): Pattern {
  return (value, captured) => patterns.flatMap((pattern) => pattern(value, captured));
}

/** Captures the value as a whole too. */
export function named(name: string, pattern: Pattern): Pattern {
  return (value, captured) => any(name)(value, captured).flatMap((way) => pattern(value, way));
}

/** The first way in which a value has this form. */
export function match(value: Value, pattern: Pattern): Captures | undefined {
  return pattern(value, new Map())[0];
}

/** The number that a constant of one element holds. */
export function scalarOf(value: Value): number | undefined {
  const tensor = constantOf(value);
  return tensor?.dtype === 'float32' && tensor.data.length === 1 ? Number(tensor.data[0]) : undefined;
}
